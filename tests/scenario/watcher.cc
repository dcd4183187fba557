// SPDX-License-Identifier: Apache-2.0
#include "scenario/watcher.h"

#include <algorithm>

namespace offstage::scenario {

bool Watcher::read(const Disk& disk, std::size_t most) {
  auto row = disk.by_revision.upper_bound(cursor_);
  auto tombstone = disk.tombstones.upper_bound(cursor_);
  std::size_t got = 0;
  for (; got < most && (row != disk.by_revision.end() || tombstone != disk.tombstones.end()); ++got) {
    if (tombstone == disk.tombstones.end() || (row != disk.by_revision.end() && row->first < tombstone->first)) {
      known_.insert_or_assign(row->second, seen(disk.jobs.at(row->second)));
      cursor_ = (row++)->first;
    } else {
      known_.erase(tombstone->second);
      cursor_ = (tombstone++)->first;
    }
  }
  return got > 0;
}

void Watcher::look(const Disk& disk, const JobId& id) {
  const auto row = disk.jobs.find(id);
  if (row == disk.jobs.end()) {
    known_.erase(id);
  } else {
    known_.insert_or_assign(id, seen(row->second));
  }
}

bool Watcher::agrees(const Disk& disk) const {
  return std::equal(known_.begin(), known_.end(), disk.jobs.begin(), disk.jobs.end(),
                    [](const auto& ours, const auto& row) { return ours.first == row.first && ours.second == seen(row.second); });
}

}  // namespace offstage::scenario
