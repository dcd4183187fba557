// SPDX-License-Identifier: Apache-2.0
//
// What was durable comes back: jobs first, then the attempts that were open. Nothing is decided here; the first step afterwards queues again what is left
// without an attempt, and starts what it can.
#include "base/faults.h"
#include "core/scheduler.h"

namespace offstage::core {

void Scheduler::restore(Revision last, std::int64_t last_seq) {
  last_ = last;
  last_seq_ = last_seq;
}

void Scheduler::load(const StoredJob& stored) {
  Job& job = jobs_.insert(stored.job);
  job.kind = supply_.kinds().intern(stored.kind);
  job.attempt = {};
  if (seeded_bug("forget_cancel") && job.state == JobState::cancelling) jobs_.move_to(job, JobState::running);
  if (job.delete_when_over) deletes_.try_emplace(job.id);
  if (job.state == JobState::running || job.state == JobState::cancelling) {
    orphans_.insert(job.id);
    return;
  }
  if (job.state == JobState::queued) queue_.add(job);
  if (job.timeouts.queue != Micros{0}) loaded_.push_back(job.id);
  unsettled_ = true;
}

void Scheduler::adopt(const OpenAttempt& open, Now now) {
  Attempt attempt;
  attempt.id = open.id;
  attempt.job = open.job;
  attempt.number = open.number;
  attempt.state = open.state;
  attempt.isolation = open.isolation;
  attempt.process = open.process;
  attempt.create_time = open.create_time;
  attempt.start_time = open.start_time;
  attempt.failure = open.failure;
  if (!seeded_bug("forget_gpus")) attempt.gpus = open.gpus;
  attempt.adopted = true;
  attempt.went = true;  // perhaps: the daemon that knew is gone
  attempt.assigned = now.mono - (now.wall - open.create_time);
  attempt.started = now.mono - (now.wall - open.start_time);
  attempt.progressed = now.mono;

  if (orphans_.erase(open.job) == 0 || seeded_bug("forget_attempt")) {  // its job has ended, or has another: nothing that it says counts any more
    attempt.over = true;
    attempts_.emplace(attempt.id, attempt);
    attempt_timers_.set(attempt.id, now.mono);
    return;
  }
  Job& job = *jobs_.find(open.job);
  job.attempt = open.id;
  if (job.delete_when_over) deletes_[job.id].push_back(open.id);
  attempt.job_seq = job.seq;
  attempt.slots = slots_.need(job);
  slots_.take(attempt.slots);
  if (job.state == JobState::cancelling) attempt.stop = Stop::cancel;
  Attempt& adopted = attempts_.emplace(attempt.id, attempt).first->second;
  if (adopted.stop == Stop::cancel) {
    attempt_timers_.set(adopted.id, now.mono);  // begins again with the flag
  } else {
    watch(adopted);
  }
}

}  // namespace offstage::core
