// SPDX-License-Identifier: Apache-2.0
//
// What must hold after each step, at each assignment, and when all is over. What rows and processes promise by themselves stands in disk.cc and crew_news.cc.
#include <algorithm>
#include <limits>

#include "scenario/world.h"

namespace offstage::scenario {

using core::JobState;

void World::check() {
  unsigned counted = 0;
  for (const auto& [id, attempt] : scheduler().attempts()) counted += attempt.slots;
  require(scheduler().slots().used() == counted, "each slot that is taken belongs to an attempt");
  const std::size_t living = scheduler().jobs().size() + scheduler().attempts().size() + crew_.workers.size();
  const std::size_t waiting = unanswered_ + 8 * disk_.changes_since(engine_->durable());
  require(engine_->entries() <= 16 + 8 * living + waiting, "what the core remembers is bounded by what there is");
  crew_.check();
}

void World::check_prepare(const core::Assignment& assignment) {
  const core::Job& started = *scheduler().jobs().find(assignment.job);
  require(!disk_low_, "nothing is started while the disk is almost full");
  require(assignment.gpus.size() == started.gpus, "a job has as many GPUs as it asks for");
  require(assignment.spec || disk_.jobs.contains(started.id), "a worker can be given the spec at once");
  check_order(started);
  held_slots_[assignment.attempt] = scheduler().slots().need(started);
  unsigned used = 0;  // by what this daemon has started; a slot of one that was adopted in its cancel had been given on already
  for (const auto& [id, slots] : held_slots_) {
    const auto attempt = scheduler().attempts().find(id);
    if (attempt != scheduler().attempts().end() && !attempt->second.over) used += slots;
  }
  require(used <= slots_ + (interactive(started) ? 1 : 0), "no more slots are taken than there are, and one for interactive jobs");
}

void World::check_order(const core::Job& started) {
  for (const auto& [id, other] : scheduler().jobs().all()) {
    if (other.state != JobState::queued || other.attempts > 0) continue;  // later attempts may be in their backoff
    if (other.kind != started.kind || other.isolation != started.isolation) continue;
    const bool first = other.priority > started.priority || (other.priority == started.priority && other.seq < started.seq);
    require(!first, "of one kind, the first by priority and order of submit starts first");
  }
}

void World::check_end() {
  require(scheduler().slots().used() == 0, "all slots come back");
  for (const auto& [id, row] : disk_.jobs) require(ended(row.job.state), "every job ends on the disk, too");
  for (const auto& [id, row] : disk_.attempts) require(ended(row.state), "every attempt ends on the disk, too");
  for (const JobId& id : acknowledged_) {
    require(disk_.jobs.contains(id) || disk_.may_be_gone(id), "an acknowledged job exists until somebody deletes it");
  }
  for (const JobId& id : gone_) require(!disk_.jobs.contains(id), "an acknowledged deletion stays");

  require(told_.agrees(disk_), "who is told of each change knows what Get says");
  Watcher late;
  for (Watcher* watcher : {&wanderer_, &bookmark_, &late}) {
    watcher->read(disk_, std::numeric_limits<std::size_t>::max());
    require(watcher->agrees(disk_), "a watcher that resumes anywhere ends with what Get says");
  }

  for (unsigned ticks = 0; engine_->next_deadline(); ++ticks) {
    require(ticks < 100, "an idle daemon has no timer");
    to_next_deadline();
  }
  while (crew_.retire() || crew_.deliver_all(*engine_, now_)) {
  }
  engine_->tick(now_);
  require(unanswered_ == 0, "every request gets its answer");
  for (const auto& [id, worker] : crew_.workers) require(worker.dead || worker.job.is_zero(), "no process of an attempt outlives its end");
  require(engine_->entries() == 0, "when all jobs have ended, the core's tables are empty");
}

unsigned World::jobs_ended() const {
  return static_cast<unsigned>(std::count_if(disk_.jobs.begin(), disk_.jobs.end(), [](const auto& entry) { return ended(entry.second.job.state); }));
}

}  // namespace offstage::scenario
