// SPDX-License-Identifier: Apache-2.0
//
// A call in flight, of the callback forms of Client.
//
// Each call has a thread of its own, so a callback may block and may call the client. It must not destroy its own Call.
#pragma once

#include <functional>
#include <stop_token>
#include <thread>
#include <utility>

namespace offstage::inline client {

class [[nodiscard]] Call {
 public:
  Call() = default;
  /// Runs `work` on a thread of its own.
  explicit Call(std::function<void(std::stop_token)> work) : thread_(std::move(work)) {}

  /// Asks a stream to stop: its callback gets Code::cancelled. A call with one answer goes on to its answer or deadline. Returns at once.
  void cancel() { thread_.request_stop(); }
  /// Blocks until the callback has returned.
  void wait() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::jthread thread_;  // its destructor cancels and joins
};

}  // namespace offstage::inline client
