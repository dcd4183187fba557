// SPDX-License-Identifier: Apache-2.0
#include "api/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/unique_fd.h"

namespace offstage::api {
namespace {

FileError from_errno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return {FileFault::missing, "does not exist"};
    case EACCES:
    case EPERM:
      return {FileFault::forbidden, "may not be read by the daemon's user"};
    default:
      return {FileFault::other, "cannot be read: " + std::system_category().message(error)};
  }
}

}  // namespace

FileBytes read_start(const std::filesystem::path& path, std::size_t limit, FilePin* pin) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return from_errno(errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return from_errno(errno);
  if (S_ISDIR(status.st_mode)) return FileError{FileFault::folder, "is a folder"};
  if (!S_ISREG(status.st_mode)) return FileError{FileFault::not_regular, "is not a regular file"};
  if (pin) *pin = {status.st_size, status.st_mtim.tv_sec * 1'000'000'000L + status.st_mtim.tv_nsec, status.st_ino, status.st_dev};
  std::string bytes(std::min(limit, static_cast<std::size_t>(status.st_size) + 1), '\0');
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t n = ::read(fd.get(), bytes.data() + got, bytes.size() - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return from_errno(errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  bytes.resize(got);
  return bytes;
}

}  // namespace offstage::api
