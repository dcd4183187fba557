// SPDX-License-Identifier: Apache-2.0
#include "api/ticker.h"

#include <system_error>
#include <utility>

namespace offstage::api {

void Ticker::next_tick(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(callback));
  if (waiting_.size() > 1) return;
  timer_.expires_after(period_);
  timer_.async_wait([this](const std::error_code& error) {
    if (!error) fire();
  });
}

void Ticker::fire() {
  std::vector<std::function<void()>> due;
  {
    const std::lock_guard lock(mutex_);
    due.swap(waiting_);
  }
  for (const auto& callback : due) callback();
}

}  // namespace offstage::api
