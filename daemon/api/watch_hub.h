// SPDX-License-Identifier: Apache-2.0
//
// Tells watchers and log readers that durable changes happened. It keeps no news: who is woken reads from its own cursor.
//
// Thread: changed() comes from the core strand, all else from any thread. Constructed before the engine, which needs it; outlives it.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "api/streams.h"
#include "core/ports.h"

namespace offstage::api {

class WatchHub : public core::WatchPort {
 public:
  void changed(std::span<const JobId> jobs, core::Revision durable) override;

  /// The last durable revision that was told. start() sets where it begins.
  core::Revision durable() const { return durable_.load(); }
  void start(core::Revision durable) { durable_ = std::max(durable_.load(), durable); }

  /// Woken with each change. Dead ones are forgotten by themselves.
  void watch_all(const std::shared_ptr<Wakeable>& watcher);

  /// Watches some jobs for as long as it lives.
  class Named {
   public:
    Named(WatchHub& hub, std::vector<JobId> jobs, std::weak_ptr<Wakeable> watcher);
    ~Named();
    Named(const Named&) = delete;
    Named& operator=(const Named&) = delete;
    /// Those that have changed since the last take().
    std::vector<JobId> take();

   private:
    friend class WatchHub;
    WatchHub& hub_;
    const std::vector<JobId> jobs_;
    const std::weak_ptr<Wakeable> watcher_;
    std::unordered_set<JobId> dirty_;  // guarded by the hub's mutex_
  };

 private:
  std::atomic<core::Revision> durable_{0};
  std::mutex mutex_;
  std::vector<std::weak_ptr<Wakeable>> all_;
  std::unordered_multimap<JobId, Named*> named_;
};

}  // namespace offstage::api
