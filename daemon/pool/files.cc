// SPDX-License-Identifier: Apache-2.0
#include "pool/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/read_at.h"
#include "base/unique_fd.h"

namespace offstage::pool {
namespace {

/// O_NONBLOCK: a pipe in the place of a file must not hold the daemon.
UniqueFd open_regular(const std::filesystem::path& file, std::size_t& size) {
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat s {};
  if (!fd || ::fstat(fd.get(), &s) != 0 || !S_ISREG(s.st_mode)) return {};
  size = static_cast<std::size_t>(s.st_size);
  return fd;
}

}  // namespace

std::optional<std::string> read_file(const std::filesystem::path& file, std::size_t max_bytes) {
  std::size_t size = 0;
  const UniqueFd fd = open_regular(file, size);
  if (!fd || size > max_bytes) return std::nullopt;
  return read_at(fd.get(), 0, size);
}

std::string head_of(const std::filesystem::path& file, std::size_t bytes) {
  std::size_t size = 0;
  const UniqueFd fd = open_regular(file, size);
  return fd ? read_at(fd.get(), 0, std::min(size, bytes)) : std::string();
}

std::string tail_of(const std::filesystem::path& file, std::size_t bytes) {
  std::size_t size = 0;
  const UniqueFd fd = open_regular(file, size);
  if (!fd) return {};
  const std::size_t take = std::min(size, bytes);
  return read_at(fd.get(), static_cast<std::int64_t>(size - take), take);
}

std::string last_lines(const std::filesystem::path& file, std::size_t lines) {
  std::string text = tail_of(file, 16 << 10);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  std::size_t from = text.size();
  for (std::size_t i = 0; i < lines && from != std::string::npos && from > 0; ++i) from = text.rfind('\n', from - 1);
  return from == std::string::npos || from == 0 ? text : text.substr(from + 1);
}

bool write_file(const std::filesystem::path& file, std::string_view content) {
  const std::filesystem::path aside = file.string() + ".tmp";
  ::unlink(aside.c_str());
  {
    const UniqueFd fd(::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return false;
    while (!content.empty()) {
      const ssize_t n = ::write(fd.get(), content.data(), content.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      content.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  return ::rename(aside.c_str(), file.c_str()) == 0;
}

bool punches_holes(const std::filesystem::path& folder) {
  constexpr off_t block = 4096;
  const UniqueFd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  return fd && ::ftruncate(fd.get(), 3 * block) == 0 && ::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, block, block) == 0;
}

}  // namespace offstage::pool
