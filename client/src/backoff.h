// SPDX-License-Identifier: Apache-2.0
//
// Pauses between tries: doubling, with half of each at random, so that many clients of a daemon that comes back do not come at once.
//
// Thread: one.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>

namespace offstage::inline client {

class Backoff {
 public:
  using Millis = std::chrono::milliseconds;

  Backoff(Millis first, Millis longest) : first_(first), longest_(longest), next_(first) {}

  void reset() { next_ = first_; }

  /// The next pause: between half and one and a half of 1, 2, 4 … times the first.
  Millis next() {
    if (!random_) random_.emplace(std::random_device{}());  // only now: asking the CPU for one costs tens of microseconds in a virtual machine
    std::uniform_real_distribution<double> jitter(0.5, 1.5);
    const Millis pause(static_cast<Millis::rep>(static_cast<double>(next_.count()) * jitter(*random_)));
    next_ = std::min(next_ * 2, longest_);
    return pause;
  }

 private:
  const Millis first_, longest_;
  Millis next_;
  std::optional<std::minstd_rand> random_;
};

/// Sleeps, but not after a stop. False: stopped.
inline bool sleep_for(std::chrono::milliseconds pause, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, pause, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace offstage::inline client
