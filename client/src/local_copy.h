// SPDX-License-Identifier: Apache-2.0
//
// A copy of a file on this machine, hashed on the way: blocks that are shared where the filesystem can; else read and written, while another thread hashes what
// was read, so that it takes as long as the slower of the two.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

namespace offstage::inline client {

struct LocalCopy {
  std::string sha256;   ///< of the source as it was read
  int read_error = 0;   ///< errno
  int write_error = 0;  ///< errno
  bool stopped = false;
};

/// `to` is new and empty. `on_bytes` is told how many more there are, on the calling thread.
LocalCopy copy_locally(int from, int to, std::int64_t size, const std::function<void(std::int64_t)>& on_bytes, const std::stop_token& stop);

}  // namespace offstage::inline client
