// SPDX-License-Identifier: Apache-2.0
//
// Jobs that ended or were deleted a moment ago.
//
// A caller looks into the store for a job that is not live; but what the core has just decided may not be durable yet. These last few thousand bridge the gap:
// a repeated submit finds the job that it made, and a cancel waits for the end that overtook it.
//
// Thread: the core strand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>

#include "core/model.h"

namespace offstage::core {

class RecentJobs {
 public:
  struct Entry {
    Job job;  ///< as it was at last
    bool deleted = false;
    std::uint64_t serial = 0;
  };

  explicit RecentJobs(std::size_t most = 4096) : most_(most) {}

  void add(const Job& job, bool deleted) {
    entries_[job.id] = {job, deleted, ++serial_};
    order_.emplace_back(serial_, job.id);
    while (order_.size() > most_) {
      const auto oldest = entries_.find(order_.front().second);
      if (oldest != entries_.end() && oldest->second.serial == order_.front().first) entries_.erase(oldest);
      order_.pop_front();
    }
  }
  Entry* find(const JobId& id) {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
  }
  void remove(const JobId& id) { entries_.erase(id); }

 private:
  std::size_t most_;
  std::uint64_t serial_ = 0;
  std::unordered_map<JobId, Entry> entries_;
  std::deque<std::pair<std::uint64_t, JobId>> order_;
};

}  // namespace offstage::core
