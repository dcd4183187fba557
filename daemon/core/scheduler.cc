// SPDX-License-Identifier: Apache-2.0
//
// Rows, and what becomes of a job: the acts that the other scheduler_*.cc are made of.
#include "core/scheduler.h"

#include <algorithm>

#include "base/faults.h"

namespace offstage::core {
namespace {

constexpr Micros linger = std::chrono::seconds(5);  // how long a worker may take to end after its outcome

/// 1 s, 2 s, 4 s … at most 60 s, each three quarters to once of it; the jitter follows from the id, so that a history can be replayed.
Micros backoff(const Job& job) {
  const Micros full = std::chrono::seconds(std::min(60, 1 << std::min<int>(6, job.attempts - 1)));
  return full - full * (job.id.bytes[job.attempts % job.id.bytes.size()]) / 1024;
}

}  // namespace

Scheduler::Scheduler(const SchedulerOptions& options)
    : queue_length_(options.queue_length),
      gpus_(options.gpus),
      slots_(options.slots),
      supply_({options.max_spares, options.spares_idle}, options.default_blender, options.warm_bytes) {}

Revision Scheduler::next_revision(Effects& out) { return out.batch.revision = seeded_bug("repeat_revision") ? last_ : ++last_; }

void Scheduler::write(Job& job, Effects& out) {
  job.revision = next_revision(out);
  out.batch.changes.emplace_back(JobUpdate{.seq = job.seq,
                                           .id = job.id,
                                           .revision = job.revision,
                                           .state = job.state,
                                           .priority = job.priority,
                                           .held = job.held,
                                           .attempts = job.attempts,
                                           .max_attempts = job.max_attempts,
                                           .start_time = job.start_time,
                                           .delete_when_over = job.delete_when_over});
}

void Scheduler::write(const Attempt& attempt, Effects& out, std::optional<Exit> exit) {
  out.batch.changes.emplace_back(row_of(attempt, std::move(exit)));
  out.batch.revision = last_;
}

void Scheduler::erase_row(const JobId& id, Now now, Effects& out) {
  out.batch.changes.emplace_back(JobDelete{id, next_revision(out), now.wall});
  out.deleted.push_back(id);
  out.urgent = true;
  if (auto* entry = recent_.find(id)) {
    entry->deleted = true;
  } else {
    Job job;  // it ended long ago; what counts is that it is gone
    job.id = id;
    recent_.add(job, true);
  }
  if (const auto attempts = deletes_.extract(id)) {
    for (const AttemptId& attempt : attempts.mapped()) out.act(Forget{attempt}, last_);
  }
}

void Scheduler::enqueue(Job& job, Now now) {
  job.attempt = {};
  jobs_.move_to(job, job.held ? JobState::held : JobState::queued);
  if (!job.held) queue_.add(job);
  watch_queue(job, now);
}

void Scheduler::watch_queue(const Job& job, Now now) {
  if (job.timeouts.queue == Micros{0} || job.attempts > 0) return;
  queue_timers_.set(job.id, now.mono + (job.create_time + job.timeouts.queue - now.wall));
}

void Scheduler::dequeue(Job& job) {
  queue_.remove(job);
  queue_timers_.clear(job.id);
  backoff_timers_.clear(job.id);
  worker_timers_.clear(job.id);
}

void Scheduler::end(Job& job, End how, Now now, Effects& out) {
  dequeue(job);
  jobs_.move_to(job, how.state);
  write(job, out);
  auto& row = std::get<JobUpdate>(out.batch.changes.back());
  row.end_time = now.wall;
  row.failure = std::move(how.failure);
  if (!seeded_bug("lose_result")) row.outcome = std::move(how.outcome);
  row.progress = how.progress;
  row.progress_message = std::move(how.progress_message);
  out.urgent = true;
  misses_.erase(job.id);
  recent_.add(job, false);
  jobs_.remove(job.id);
}

void Scheduler::conclude(Attempt& attempt, Job& job, Outcome outcome, Now now, Effects& out) {
  attempt.state = outcome.state;
  if (outcome.state != AttemptState::cancelled) attempt.failure = outcome.failure;  // of a cancelled one it says by whom
  if (outcome.state == AttemptState::failed && (job.retry_on & bit(outcome.failure.reason)) != 0 &&
      job.attempts < job.max_attempts + (seeded_bug("one_attempt_more") ? 1 : 0)) {
    enqueue(job, now);
    if (job.state == JobState::queued) {
      queue_.remove(job);
      backoff_timers_.set(job.id, now.mono + backoff(job));
    }
    write(job, out);
    out.urgent = true;
    return;
  }
  const JobState state = outcome.state == AttemptState::succeeded   ? JobState::succeeded
                         : outcome.state == AttemptState::cancelled ? JobState::cancelled
                                                                    : JobState::failed;
  end(job, {state, attempt.failure, std::move(outcome), attempt.progress, attempt.progress_message}, now, out);
}

void Scheduler::stop(Attempt& attempt, Stop why, Micros grace, Now now, Effects& out) {
  attempt.stop = why;
  attempt.stop_after = why == Stop::cancel ? last_ : 0;
  if (attempt.stage == StopStage::not_begun) escalate(attempt, grace, now, out);
  const bool graceless = grace == Micros{0} || !attempt.went;  // before GO there is nobody to be graceful to
  if (attempt.stage == StopStage::flagged && graceless) escalate(attempt, grace, now, out);
}

void Scheduler::release(Attempt& attempt, Now now) {
  if (!seeded_bug("keep_slots")) slots_.give_back(attempt.slots);
  attempt.slots = 0;
  attempt.over = true;
  attempt.end_time = now.wall;
  if (attempt.stop == Stop::none) attempt_timers_.set(attempt.id, now.mono + linger);
}

void Scheduler::drop(const AttemptId& id, Now now, Effects& out) {
  const JobId job = attempts_.at(id).job;
  attempt_timers_.clear(id);
  attempts_.erase(id);
  if (deletes_.contains(job) && !has_attempt(job)) {
    if (Job* live = jobs_.find(job)) {
      dequeue(*live);
      recent_.add(*live, true);
      jobs_.remove(job);
    }
    misses_.erase(job);
    erase_row(job, now, out);
  }
}

std::size_t Scheduler::entries() const {
  const std::size_t timers = queue_timers_.size() + backoff_timers_.size() + worker_timers_.size() + attempt_timers_.size();
  return jobs_.size() + queue_.lanes().size() + specs_.size() + attempts_.size() + deletes_.size() + misses_.size() + loaded_.size() + orphans_.size() +
         waiting_since_.size() + timers + supply_.idle();
}

bool Scheduler::has_attempt(const JobId& job) const {
  return std::any_of(attempts_.begin(), attempts_.end(), [&](const auto& entry) { return entry.second.job == job; });
}

}  // namespace offstage::core
