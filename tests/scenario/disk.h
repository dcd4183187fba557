// SPDX-License-Identifier: Apache-2.0
//
// A store in memory whose commits lag: what is pending is lost when the daemon dies. It checks what the rows themselves promise.
#pragma once

#include <deque>
#include <map>

#include "core/changes.h"
#include "core/events.h"
#include "core/ports.h"
#include "scenario/random.h"

namespace offstage::scenario {

class Disk : public core::CommitPort {
 public:
  struct JobRow {
    core::Job job;
    core::Kind kind;
    core::Reason reason = core::Reason::none;
  };

  void submit(core::Batch batch) override { pending_.push_back(std::move(batch)); }
  bool full() const override { return pending_.size() > 6; }

  bool behind() const { return !pending_.empty(); }
  core::Revision commit_one();  ///< the newest durable revision afterwards
  void lose_pending() { pending_.clear(); }

  std::map<JobId, JobRow> jobs;
  std::map<AttemptId, core::AttemptWrite> attempts;
  core::Revision last = 0;
  std::int64_t last_seq = 0;

 private:
  void apply(const core::JobInsert& row);
  void apply(const core::JobUpdate& row);
  void apply(const core::LabelsUpdate& row);
  void apply(const core::JobDelete& row);
  void apply(const core::AttemptWrite& row);
  void apply(const core::AttemptDelete& row);
  void advance(core::Revision revision);

  std::deque<core::Batch> pending_;
};

}  // namespace offstage::scenario
