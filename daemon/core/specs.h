// SPDX-License-Identifier: Apache-2.0
//
// Specs of jobs whose row is not durable yet. PREPARE does not wait for the disk, so a worker may need a spec that no reader of the store can see.
//
// Thread: the core strand.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/faults.h"
#include "core/model.h"

namespace offstage::core {

class FreshSpecs {
 public:
  using Text = std::shared_ptr<const std::string>;

  void add(const JobId& job, Revision revision, Text spec) {
    specs_[job] = {revision, std::move(spec)};
    order_.emplace_back(revision, job);
  }
  /// Null: the store has it.
  Text find(const JobId& job) const {
    const auto found = specs_.find(job);
    return found == specs_.end() ? nullptr : found->second.second;
  }
  std::size_t size() const { return specs_.size() + order_.size(); }
  void durable(Revision revision) {
    if (seeded_bug("keep_specs")) return;
    for (; !order_.empty() && order_.front().first <= revision; order_.pop_front()) {
      const auto found = specs_.find(order_.front().second);
      if (found != specs_.end() && found->second.first == order_.front().first) specs_.erase(found);
    }
  }

 private:
  std::unordered_map<JobId, std::pair<Revision, Text>> specs_;
  std::deque<std::pair<Revision, JobId>> order_;
};

}  // namespace offstage::core
