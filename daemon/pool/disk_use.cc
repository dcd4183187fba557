// SPDX-License-Identifier: Apache-2.0
#include "pool/disk_use.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>

#include "base/unique_fd.h"

namespace offstage::pool {
namespace {

constexpr int most_levels = 100;  // each holds a descriptor
constexpr std::int64_t block = 512;

struct Close {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

std::int64_t below(int at, const char* name, std::string_view except, int levels) {
  const int fd = ::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return 0;
  const std::unique_ptr<DIR, Close> folder(::fdopendir(fd));
  if (!folder) return ::close(fd), 0;
  std::int64_t bytes = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view found = entry->d_name;
    struct stat s {};
    if (found == "." || found == ".." || found == except || ::fstatat(fd, entry->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0) continue;
    bytes += s.st_blocks * block;
    if (S_ISDIR(s.st_mode) && levels > 0) bytes += below(fd, entry->d_name, {}, levels - 1);
  }
  return bytes;
}

}  // namespace

std::int64_t disk_use(const std::filesystem::path& folder, std::string_view except) {
  struct stat s {};
  if (::lstat(folder.c_str(), &s) != 0) return 0;
  return s.st_blocks * block + (S_ISDIR(s.st_mode) ? below(AT_FDCWD, folder.c_str(), except, most_levels) : 0);
}

}  // namespace offstage::pool
