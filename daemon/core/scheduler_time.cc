// SPDX-License-Identifier: Apache-2.0
//
// Deadlines: what each means when it comes, and which is the next.
#include <algorithm>

#include "base/faults.h"
#include "core/scheduler.h"

namespace offstage::core {
namespace {
constexpr Micros kill_after = std::chrono::seconds(1);  // SIGTERM
}

Micros Scheduler::grace_of(const Attempt& attempt) const {
  const Job* job = jobs_.find(attempt.job);
  return job ? job->timeouts.cancel_grace : Micros{0};
}

void Scheduler::watch(const Attempt& attempt) {
  if (attempt.stop != Stop::none) return;  // its timer counts the grace
  const Job* job = jobs_.find(attempt.job);
  const auto due = job ? next_timeout(attempt, job->timeouts) : std::nullopt;
  if (due) {
    attempt_timers_.set(attempt.id, due->at);
  } else {
    attempt_timers_.clear(attempt.id);
  }
}

void Scheduler::escalate(Attempt& attempt, Micros grace, Now now, Effects& out) {
  const Revision after = attempt.stop_after;
  switch (attempt.stage) {
    case StopStage::not_begun:
      attempt.stage = StopStage::flagged;
      out.act(RaiseFlag{attempt.id, attempt.stop == Stop::cancel ? flag_cancelled : flag_of(attempt.failure)}, after);
      attempt_timers_.set(attempt.id, now.mono + grace);
      return;
    case StopStage::flagged:
      attempt.stage = StopStage::terminated;
      out.act(Terminate{attempt.id}, after);
      attempt_timers_.set(attempt.id, now.mono + kill_after);
      return;
    case StopStage::terminated:
      attempt.stage = StopStage::killed;
      out.act(Kill{attempt.id}, after);
      return;
    case StopStage::killed:
      return;
  }
}

void Scheduler::attempt_due(Attempt& attempt, Now now, Effects& out) {
  if (attempt.stop != Stop::none) return escalate(attempt, grace_of(attempt), now, out);
  if (attempt.over) return out.act(Kill{attempt.id});  // it has told its outcome and does not end
  const Job* job = jobs_.find(attempt.job);
  const auto due = job ? next_timeout(attempt, job->timeouts) : std::nullopt;
  if (!due) return;
  if (due->at > now.mono) return attempt_timers_.set(attempt.id, due->at);
  attempt.failure = timed_out(due->which, job->timeouts);
  stop(attempt, Stop::timeout, job->timeouts.cancel_grace, now, out);
  if (seeded_bug("timeout_before_death")) conclude(attempt, *jobs_.find(attempt.job), {AttemptState::failed, attempt.failure, {}, {}}, now, out);
}

void Scheduler::tick(Now now, Effects& out) {
  while (const auto id = attempt_timers_.pop(now.mono)) attempt_due(attempts_.at(*id), now, out);
  while (const auto id = queue_timers_.pop(now.mono)) {
    Job& job = *jobs_.find(*id);
    end(job, {.failure = timed_out(Timeout::queue, job.timeouts)}, now, out);
  }
  while (const auto id = worker_timers_.pop(now.mono)) {
    Job& job = *jobs_.find(*id);
    end(job, {.failure = timed_out(Timeout::start, job.timeouts)}, now, out);
  }
  while (const auto id = backoff_timers_.pop(now.mono)) queue_.add(*jobs_.find(*id));
  settle(now, out);
}

std::optional<Mono> Scheduler::next_deadline() const {
  if (unsettled_ || !orphans_.empty() || !loaded_.empty()) return as_of_;
  std::optional<Mono> next = supply_.next_change(as_of_);
  for (const auto& at : {attempt_timers_.next(), queue_timers_.next(), worker_timers_.next(), backoff_timers_.next()}) {
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

}  // namespace offstage::core
