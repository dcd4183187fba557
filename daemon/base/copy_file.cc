// SPDX-License-Identifier: Apache-2.0
#include "base/copy_file.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace offstage {
namespace {

constexpr std::size_t most_at_once = 128U << 20U, buffer_bytes = 1U << 20U;

std::error_code last_error() { return {errno, std::generic_category()}; }

bool write_all(int to, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(to, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

/// From where both are now.
std::error_code copy_by_hand(int from, int to) {
  std::vector<char> buffer(buffer_bytes);
  while (true) {
    const ssize_t n = ::read(from, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return last_error();
    if (n == 0) return {};
    if (!write_all(to, buffer.data(), static_cast<std::size_t>(n))) return last_error();
  }
}

}  // namespace

std::error_code copy_contents(int from, int to) {
  if (::lseek(from, 0, SEEK_SET) < 0) return last_error();
  if (::ioctl(to, FICLONE, from) == 0) return {};
  for (bool copied = false;; copied = true) {
    const ssize_t n = ::copy_file_range(from, nullptr, to, nullptr, most_at_once, 0);
    if (n > 0) continue;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG)) return last_error();
    // Zero at once: some filesystems (/proc, FUSE) say so of files that have contents. The rest of the errors: not between these two.
    return n == 0 && copied ? std::error_code() : copy_by_hand(from, to);
  }
}

}  // namespace offstage
