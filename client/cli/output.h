// SPDX-License-Identifier: Apache-2.0
//
// Writes to stdout and stderr. A reader that has gone (a closed pipe) is no error: the rest is dropped, quietly.
//
// Thread: any; a write is whole.
#pragma once

#include <string_view>

namespace offstage::cli {

class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}
  /// False: nobody reads any more. Another failure (a full disk) is told on stderr, once, and the process ends with 1.
  bool write(std::string_view bytes);
  bool gone() const { return gone_; }

 private:
  const int fd_;
  bool gone_ = false;
};

Output& out();  ///< stdout
Output& err();  ///< stderr

}  // namespace offstage::cli
