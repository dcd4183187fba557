// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <offstage/blob.h>

#include "digest.h"
#include "unique_fd.h"

namespace offstage::inline client {
namespace {

constexpr std::size_t hash_piece = 1U << 20U;

Error file_fault(const std::string& file, std::string reason, const std::string& message, std::string hint) {
  return {.code = Code::invalid_argument,
          .reason = std::move(reason),
          .message = "file " + file + " " + message,
          .hint = std::move(hint),
          .fields = {{"file", file}}};
}

Error cannot_read(const std::string& file, int error) {
  if (error == ENOENT || error == ENOTDIR) return file_fault(file, "FILE_NOT_FOUND", "does not exist", "check the path; it is read on this machine");
  return file_fault(file, "FILE_UNREADABLE", std::string("cannot be read: ") + std::strerror(error), "check its permissions");
}

Result<std::string> read_at(const UniqueFd& file, const std::string& path, std::int64_t offset, std::size_t most) {
  std::string out(most, '\0');
  std::size_t got = 0;
  while (got < most) {
    const ssize_t n = ::pread(file.get(), out.data() + got, most - got, offset + static_cast<std::int64_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot_read(path, errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  out.resize(got);
  return out;
}

}  // namespace

Result<BlobSource> blob_of_file(const std::string& path) {
  const auto file = std::make_shared<const UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!*file) return cannot_read(path, errno);
  struct stat s {};
  if (::fstat(file->get(), &s) != 0) return cannot_read(path, errno);
  if (!S_ISREG(s.st_mode)) return file_fault(path, "FILE_UNREADABLE", S_ISDIR(s.st_mode) ? "is a folder" : "is not a regular file", "name a regular file");
  Digest hash;
  std::int64_t size = 0;
  while (true) {
    auto data = read_at(*file, path, size, hash_piece);
    if (!data) return data.error();
    if (data->empty()) break;
    hash.add(*data);
    size += static_cast<std::int64_t>(data->size());
  }
  return BlobSource{
      .blob = hash.hex(), .size = size, .read = [file, path](std::int64_t offset, std::size_t most) { return read_at(*file, path, offset, most); }};
}

BlobSource blob_of_bytes(std::string_view bytes) {
  Digest hash;
  hash.add(bytes);
  return {.blob = hash.hex(), .size = static_cast<std::int64_t>(bytes.size()), .read = [bytes](std::int64_t offset, std::size_t most) -> Result<std::string> {
            return std::string(bytes.substr(std::min(static_cast<std::size_t>(offset), bytes.size()), most));
          }};
}

}  // namespace offstage::inline client
