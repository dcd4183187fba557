// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C of commands that wait: SIGINT and SIGTERM arrive on a thread that calls `on_signal` with 1, 2 …
//
// hold() comes before other threads exist, that is, before a client connects: they inherit the blocked signals. Where SIGINT is ignored (nohup, a shell's
// background jobs) it stays so.
#pragma once

#include <functional>
#include <thread>

namespace offstage::cli {

class Interrupts {
 public:
  /// From now on the signals wait for an Interrupts.
  static void hold();

  explicit Interrupts(std::function<void(int)> on_signal);

 private:
  std::jthread thread_;
};

}  // namespace offstage::cli
