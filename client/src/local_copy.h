// SPDX-License-Identifier: Apache-2.0
//
// A copy of a file on this machine: blocks that are shared where the filesystem can, else copied by the kernel; or read and written, while another thread
// hashes what was read, so that it takes as long as the slower of the two.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

namespace offstage::inline client {

struct LocalCopy {
  std::string sha256;   ///< of the source as it was read, if it was hashed
  int read_error = 0;   ///< errno
  int write_error = 0;  ///< errno
  bool stopped = false;
};

/// Told how many more bytes there are, on the calling thread.
using OnBytes = std::function<void(std::int64_t)>;

/// `from` and `to` stand at their starts, and `to` is empty.
LocalCopy copy_locally(int from, int to, std::int64_t size, const OnBytes& on_bytes, const std::stop_token& stop);
LocalCopy copy_and_hash(int from, int to, std::int64_t size, const OnBytes& on_bytes, const std::stop_token& stop);

}  // namespace offstage::inline client
