// SPDX-License-Identifier: Apache-2.0
//
// One shared timer for all who have to look at something again and again: it runs only while somebody asked, so an idle daemon does not wake up.
//
// Thread: any; callbacks run on the pool's threads and ask again if they want another tick.
#pragma once

#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <functional>
#include <mutex>
#include <vector>

#include "base/time.h"

namespace offstage::api {

class Ticker {
 public:
  Ticker(asio::thread_pool& pool, Micros period) : timer_(pool), period_(period) {}

  /// Calls back once, at the next tick.
  void next_tick(std::function<void()> callback);

 private:
  void fire();

  std::mutex mutex_;
  asio::steady_timer timer_;
  const Micros period_;
  std::vector<std::function<void()>> waiting_;  // guarded by mutex_; not empty: the timer runs
};

}  // namespace offstage::api
