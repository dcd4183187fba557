// SPDX-License-Identifier: Apache-2.0
//
// A store in memory whose commits lag. A transaction that was committed stays; of the others a crash keeps none, the first few, or any subset that no lost one
// was the ground of. It checks what the rows themselves promise.
#pragma once

#include <deque>
#include <iosfwd>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/changes.h"
#include "core/events.h"
#include "core/ports.h"
#include "scenario/broken.h"
#include "scenario/choice.h"

namespace offstage::scenario {

class Disk : public core::CommitPort {
 public:
  struct JobRow {
    core::Job job;
    core::Kind kind;
    std::string labels_json;
    core::Reason reason = core::Reason::none;
    std::string value_json;
    std::vector<AttemptId> attempts;
    unsigned ends = 0;  ///< how often it has ended: more than once, if it was retried
  };

  void submit(core::Batch batch) override { pending_.push_back(std::move(batch)); }
  bool full() const override { return pending_.size() > 6; }

  std::size_t behind() const { return pending_.size(); }
  core::Revision commit(std::size_t batches);  ///< the newest durable revision afterwards
  void crash(Choice& choice);                  ///< the daemon and its queue are gone; what had begun to reach the disk may be there
  /// That the core has handed over since `durable`, which is the newest that it knows.
  std::size_t changes_since(core::Revision durable) const;
  /// It is there, or its deletion is.
  bool knows(const JobId& id) const { return jobs.contains(id) || deleted.contains(id); }
  /// Somebody has asked for its deletion, or its time was over.
  bool may_be_gone(const JobId& id) const { return may_be_deleted.contains(id) || expired.contains(id); }

  std::map<JobId, JobRow> jobs;
  std::map<AttemptId, core::AttemptWrite> attempts;
  std::map<core::Revision, JobId> by_revision, tombstones;
  std::set<JobId> deleted;
  core::Revision last = 0;
  std::int64_t last_seq = 0;
  // What clients have asked for, and so may happen; what workers have left.
  std::map<JobId, unsigned> retries;  ///< asked for and not on the disk yet
  std::set<JobId> may_be_deleted;
  std::map<JobId, std::set<unsigned>> may_expire;  ///< which of its ends was looked at
  std::set<JobId> expired;
  std::map<AttemptId, std::string> results;
  std::ostream* trace = nullptr;  ///< where to tell what happens

 private:
  void commit(const core::Batch& batch);
  void apply(const core::JobInsert& row);
  void apply(const core::JobUpdate& row);
  void apply(const core::LabelsUpdate& row);
  void apply(const core::JobDelete& row);
  void apply(const core::AttemptWrite& row);
  void apply(const core::AttemptDelete& row);
  void apply(const core::FolderSize&) {}  // nothing that the core decides
  void advance(JobRow* job, const JobId& id, core::Revision revision);
  void check_success(const JobId& id) const;

  std::deque<core::Batch> pending_;
};

}  // namespace offstage::scenario
