// SPDX-License-Identifier: Apache-2.0
//
// Reads a part of an open file, however many calls that takes.
//
// Thread: any.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

namespace offstage {

/// `size` bytes from `offset` on. Fewer: the file ends before that, or cannot be read.
inline std::string read_at(int fd, std::int64_t offset, std::size_t size) {
  std::string out(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::pread(fd, out.data() + got, size - got, offset + static_cast<std::int64_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  out.resize(got);
  return out;
}

}  // namespace offstage
