// SPDX-License-Identifier: Apache-2.0
//
// The core strand: one io_context on the calling thread, and one timer for the engine's next deadline, asked for after each handler. It wakes for nothing else.
//
// A deadline that moves away leaves the timer as it is: waking once too early is cheaper than setting it after each of a thousand handlers.
//
// Thread: run() is the core strand; io() may be posted to from any.
#pragma once

#include <asio/basic_waitable_timer.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <optional>
#include <utility>

#include "base/time.h"

namespace offstage::app {

class Strand {
 public:
  asio::io_context& io() { return io_; }

  /// Until stop(). `after_each` follows each handler and returns the deadline; `due` is called when it has come.
  void run(const std::function<std::optional<Mono>()>& after_each, const std::function<void()>& due) {
    while (!io_.stopped()) {
      if (const auto deadline = after_each(); deadline && (!armed_ || *deadline < *armed_)) arm(*deadline);
      io_.run_one();
      if (!std::exchange(fired_, false)) continue;
      if (const auto deadline = after_each(); deadline && *deadline <= BootClock::now()) due();
    }
  }
  void stop() { io_.stop(); }

 private:
  void arm(Mono deadline) {
    armed_ = deadline;
    timer_.expires_at(deadline);  // cancels the wait before
    timer_.async_wait([this](const std::error_code& error) {
      if (error) return;
      armed_.reset();
      fired_ = true;
    });
  }

  asio::io_context io_{1};
  asio::basic_waitable_timer<BootClock> timer_{io_};
  std::optional<Mono> armed_;
  bool fired_ = false;
};

}  // namespace offstage::app
