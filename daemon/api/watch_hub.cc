// SPDX-License-Identifier: Apache-2.0
#include "api/watch_hub.h"

#include <algorithm>

namespace offstage::api {

void WatchHub::changed(std::span<const JobId> jobs, core::Revision durable) {
  std::vector<std::shared_ptr<Wakeable>> wake;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(all_, [&](const std::weak_ptr<Wakeable>& weak) {
      auto watcher = weak.lock();
      if (!watcher) return true;
      wake.push_back(std::move(watcher));
      return false;
    });
    for (const JobId& job : jobs) {
      const auto [first, last] = named_.equal_range(job);
      for (auto it = first; it != last; ++it) {
        it->second->dirty_.insert(job);
        if (auto watcher = it->second->watcher_.lock()) wake.push_back(std::move(watcher));
      }
    }
  }
  durable_ = std::max(durable_.load(), durable);  // after the marks: who reads it finds them
  for (const auto& watcher : wake) watcher->wake();
}

void WatchHub::watch_all(const std::shared_ptr<Wakeable>& watcher) {
  const std::lock_guard lock(mutex_);
  all_.push_back(watcher);
}

WatchHub::Named::Named(WatchHub& hub, std::vector<JobId> jobs, std::weak_ptr<Wakeable> watcher)
    : hub_(hub), jobs_(std::move(jobs)), watcher_(std::move(watcher)) {
  const std::lock_guard lock(hub_.mutex_);
  for (const JobId& job : jobs_) hub_.named_.emplace(job, this);
}

WatchHub::Named::~Named() {
  const std::lock_guard lock(hub_.mutex_);
  for (const JobId& job : jobs_) {
    const auto [first, last] = hub_.named_.equal_range(job);
    const auto mine = std::find_if(first, last, [this](const auto& entry) { return entry.second == this; });
    if (mine != last) hub_.named_.erase(mine);
  }
}

std::vector<JobId> WatchHub::Named::take() {
  const std::lock_guard lock(hub_.mutex_);
  std::vector<JobId> out(dirty_.begin(), dirty_.end());
  dirty_.clear();
  return out;
}

}  // namespace offstage::api
