// SPDX-License-Identifier: Apache-2.0
//
// The jobs that could start, in order: priority (larger first), then order of submit.
//
// One ordered lane for each (kind, isolation asked for), and a merge over the heads of the lanes. A lane that cannot go on (its Blender's fork proof is
// pending) is left out of the merge and so holds nobody back, however many jobs are in it; a merge costs by lanes and by places taken, never by jobs queued.
//
// Thread: the core strand. Jobs are owned by the table (core/jobs.h) and must stay where they are while queued.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/faults.h"
#include "core/model.h"

namespace offstage::core {

struct Place {
  std::int16_t priority = 0;
  std::int64_t seq = 0;
  Job* job = nullptr;
  friend bool operator<(const Place& a, const Place& b) {
    if (a.priority != b.priority) return a.priority > b.priority;
    return seeded_bug("lose_order") ? a.seq > b.seq : a.seq < b.seq;
  }
};

using LaneKey = std::pair<KindId, Isolation>;
using Lane = std::set<Place>;

class Queue {
 public:
  void add(Job& job);
  void remove(const Job& job);  ///< nothing if it is not queued
  const std::map<LaneKey, Lane>& lanes() const { return lanes_; }

  /// Walks several lanes in common order. A place that next() has given may be removed from the queue meanwhile; others may not.
  class Merge {
   public:
    void add(const Lane& lane);
    Job* next();                 ///< null: no more
    void leave(const Job& job);  ///< nobody of its lane any more

   private:
    struct Cursor {
      Lane::const_iterator at, end;
    };
    static bool later(const Cursor& a, const Cursor& b) { return *b.at < *a.at; }
    std::vector<Cursor> heap_;
  };

 private:
  std::map<LaneKey, Lane> lanes_;  // no empty ones
};

}  // namespace offstage::core
