// SPDX-License-Identifier: Apache-2.0
#include "core/queue.h"

#include <algorithm>

namespace offstage::core {

void Queue::add(Job& job) {
  Lane& lane = lanes_[{job.kind, job.isolation}];
  lane.emplace_hint(lane.end(), Place{job.priority, job.seq, &job});  // most jobs are the newest of their priority
}

void Queue::remove(const Job& job) {
  const auto lane = lanes_.find({job.kind, job.isolation});
  if (lane == lanes_.end()) return;
  lane->second.erase(Place{job.priority, job.seq});
  if (lane->second.empty()) lanes_.erase(lane);
}

void Queue::Merge::add(const Lane& lane) {
  heap_.push_back({lane.begin(), lane.end()});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

Job* Queue::Merge::next() {
  if (heap_.empty()) return nullptr;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  Cursor& cursor = heap_.back();
  Job* job = cursor.at->job;
  if (++cursor.at == cursor.end) {
    heap_.pop_back();
  } else {
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  return job;
}

void Queue::Merge::leave(const Job& job) {
  std::erase_if(heap_, [&](const Cursor& cursor) { return cursor.at->job->kind == job.kind && cursor.at->job->isolation == job.isolation; });
  std::make_heap(heap_.begin(), heap_.end(), later);
}

}  // namespace offstage::core
