// SPDX-License-Identifier: Apache-2.0
//
// The hot records of all jobs that have not ended, by id, and how many there are of each state.
//
// Thread: the core strand. Records stay where they are until removed; `state` is changed by move_to() only.
#pragma once

#include <array>
#include <cstddef>
#include <unordered_map>

#include "core/model.h"

namespace offstage::core {

class JobTable {
 public:
  Job* find(const JobId& id) {
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? nullptr : &found->second;
  }
  const Job* find(const JobId& id) const { return const_cast<JobTable*>(this)->find(id); }

  Job& insert(const Job& job) {
    ++counts_[index(job.state)];
    return jobs_.insert_or_assign(job.id, job).first->second;
  }
  void remove(const JobId& id) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    --counts_[index(found->second.state)];
    jobs_.erase(found);
  }
  void move_to(Job& job, JobState state) {
    --counts_[index(job.state)];
    job.state = state;
    ++counts_[index(job.state)];
  }

  std::size_t size() const { return jobs_.size(); }
  std::size_t count(JobState state) const { return counts_[index(state)]; }
  const std::unordered_map<JobId, Job>& all() const { return jobs_; }

 private:
  static std::size_t index(JobState state) { return static_cast<std::size_t>(state); }
  std::unordered_map<JobId, Job> jobs_;
  std::array<std::size_t, 9> counts_{};
};

}  // namespace offstage::core
