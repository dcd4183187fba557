// SPDX-License-Identifier: Apache-2.0
//
// A client that watches all jobs: a cursor over revisions, and what it knows so far. It may stop anywhere and go on from an old cursor, as another one.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "scenario/disk.h"

namespace offstage::scenario {

class Watcher {
 public:
  /// Reads up to `most` of the changes after its cursor; false: there were none.
  bool read(const Disk& disk, std::size_t most);
  /// Looks at one job: it has been told that it changed.
  void look(const Disk& disk, const JobId& id);
  /// What it knows is what a Get of each job would say.
  bool agrees(const Disk& disk) const;
  core::Revision cursor() const { return cursor_; }

 private:
  struct Seen {
    core::JobState state;
    std::int16_t priority;
    bool held;
    std::uint8_t attempts;
    std::string labels_json;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  static Seen seen(const Disk::JobRow& row) { return {row.job.state, row.job.priority, row.job.held, row.job.attempts, row.labels_json}; }

  core::Revision cursor_ = 0;
  std::map<JobId, Seen> known_;
};

}  // namespace offstage::scenario
