// SPDX-License-Identifier: Apache-2.0
//
// What the pool tells. News of an attempt that is unknown, or over already, is late: it changes nothing.
#include <utility>

#include "base/faults.h"
#include "core/scheduler.h"

namespace offstage::core {
namespace {

constexpr unsigned most_misses = 5;

Failure no_worker(const std::string& why) {
  return {Reason::blender_unavailable,
          "no Blender could be had for the job: " + why,
          "`offstage blenders` and `offstage doctor` show what is wrong with it",
          {},
          {}};
}

Outcome failed(Failure failure) { return {AttemptState::failed, std::move(failure), {}, {}}; }

/// It was ended from outside, or says so: CANCELLED and TIMED_OUT are told of the dead only. A daemon before this one may have ordered it.
bool cut_short(const Outcome& outcome) { return outcome.state == AttemptState::cancelled || outcome.failure.reason == Reason::timed_out; }

}  // namespace

void Scheduler::apply(const WorkerIdle& news, Now now, Effects& out) {
  if (!attempts_.contains(news.worker)) supply_.idle(news);
  settle(now, out);
}

void Scheduler::apply(const WorkerGone& news, Now now, Effects& out) {
  if (supply_.gone(news.worker)) return settle(now, out);
  const auto found = attempts_.find(news.worker);
  if (found == attempts_.end()) return;
  Attempt& attempt = found->second;
  if (attempt.over || attempt.state != AttemptState::starting) return apply(AttemptGone{news.worker, {}}, now, out);  // it did begin

  judge(attempt, Reason::crashed, "a worker died before the script's first line", now);
  release(attempt, now);
  out.batch.changes.emplace_back(AttemptDelete{attempt.id});
  if (Job* job = jobs_.find(attempt.job)) {
    if (job->attempts > 0) --job->attempts;
    if (deletes_.contains(job->id)) {
      // drop() below deletes it
    } else if (job->state == JobState::cancelling) {
      end(*job, {.state = JobState::cancelled, .failure = attempt.failure}, now, out);
    } else if (attempt.stop == Stop::timeout) {
      end(*job, {.failure = attempt.failure}, now, out);
    } else if (++misses_[job->id] >= most_misses) {
      end(*job,
          {.failure = no_worker(std::to_string(most_misses) + " workers in a row died before the script's first line" +
                                (news.why.empty() ? "" : "; the last: " + news.why))},
          now, out);
    } else {
      enqueue(*job, now);
      write(*job, out);
    }
  }
  out.batch.revision = last_;
  out.urgent = true;
  drop(news.worker, now, out);
  settle(now, out);
}

void Scheduler::judge(const Attempt& attempt, Reason reason, const std::string& why, Now now) {
  const Job* job = jobs_.find(attempt.job);
  if (!job || attempt.isolation != Isolation::fork) return;
  const bool ours =
      attempt.stop != Stop::none || attempt.adopted || reason == Reason::timed_out || reason == Reason::out_of_memory || reason == Reason::disk_full;
  const bool died = reason == Reason::crashed || reason == Reason::lost;
  supply_.judge(job->kind, attempt.id, ours ? Supply::End::told_nothing : died ? Supply::End::crashed : Supply::End::worked, why, now.mono);
}

void Scheduler::apply(const AttemptStarted& news, Now now, Effects& out) {
  const auto found = attempts_.find(news.attempt);
  if (found == attempts_.end() || found->second.over || found->second.state != AttemptState::starting) return;
  Attempt& attempt = found->second;
  attempt.state = AttemptState::running;
  attempt.went = true;
  attempt.start_time = now.wall;
  attempt.started = attempt.progressed = now.mono;
  watch(attempt);
  misses_.erase(attempt.job);
  if (Job* job = jobs_.find(attempt.job)) {
    if (job->start_time == Wall{}) job->start_time = now.wall;
    write(*job, out);
  }
  write(attempt, out);
  settle(now, out);
}

void Scheduler::apply(const AttemptEnded& news, Now now, Effects& out) {
  const auto found = attempts_.find(news.attempt);
  if (found == attempts_.end() || (found->second.over && !seeded_bug("believe_late_news"))) return;
  Attempt& attempt = found->second;
  attempt.progress = news.progress;
  attempt.progress_message = news.progress_message;
  judge(attempt, news.outcome.failure.reason, news.outcome.failure.message, now);
  release(attempt, now);
  if (cut_short(news.outcome) && !seeded_bug("end_before_death")) {
    attempt.last_word = news.outcome;
  } else if (attempt.stop == Stop::none || seeded_bug("success_after_cancel")) {  // otherwise its end is told when nothing of it is left
    if (Job* job = jobs_.find(attempt.job)) conclude(attempt, *job, news.outcome, now, out);
    write(attempt, out);
  }
  settle(now, out);
}

void Scheduler::apply(const AttemptGone& news, Now now, Effects& out) {
  const auto found = attempts_.find(news.attempt);
  if (found == attempts_.end()) return;
  Attempt& attempt = found->second;
  const bool told = attempt.over;
  if (!told) judge(attempt, Reason::lost, "a worker was lost", now);
  if (!told) release(attempt, now);
  Job* job = jobs_.find(attempt.job);
  if (job && job->attempt == attempt.id && !deletes_.contains(job->id)) {
    if (job->state == JobState::cancelling) {
      conclude(attempt, *job, {AttemptState::cancelled, {}, {}, {}}, now, out);
    } else if (attempt.stop == Stop::timeout) {
      conclude(attempt, *job, failed(attempt.failure), now, out);
    } else if (attempt.last_word) {
      conclude(attempt, *job, *std::exchange(attempt.last_word, {}), now, out);
    } else if (!told) {
      conclude(attempt, *job,
               failed({Reason::lost, "the worker is gone and left no outcome", "see the attempt's log; `offstage retry` runs the job again", {}, {}}), now,
               out);
    }
  }
  if (!deletes_.contains(attempt.job) && attempt.job_seq != 0) write(attempt, out, news.exit);
  drop(news.attempt, now, out);
  settle(now, out);
}

void Scheduler::apply(const AttemptProgressed& news, Now now, Effects& out) {
  const auto found = attempts_.find(news.attempt);
  if (found == attempts_.end() || found->second.over) return;
  found->second.progressed = now.mono;
  if (found->second.stop == Stop::none) watch(found->second);
  settle(now, out);
}

void Scheduler::apply(const KindFailed& news, Now now, Effects& out) {
  supply_.failed(news, now.mono);
  std::vector<Job*> lost;
  for (const auto& [id, since] : waiting_since_) {
    Job* job = jobs_.find(id);
    if (!job || supply_.resolve(job->kind, job->isolation, now.mono) != news.isolation) continue;
    if (supply_.source(job->kind, news.isolation, now.mono) == news.kind) lost.push_back(job);
  }
  for (Job* job : lost) {
    Failure failure = no_worker(news.failure.message);
    if (!news.failure.hint.empty()) failure.hint = news.failure.hint;
    failure.fields = news.failure.fields;
    end(*job, {.failure = std::move(failure)}, now, out);
  }
  settle(now, out);
}

void Scheduler::apply(const KeeperReady& news, Now now, Effects& out) {
  supply_.measured(news.kind, news.isolation, news.bytes, now.mono);
  settle(now, out);
}

void Scheduler::apply(const ProofChanged& news, Now now, Effects& out) {
  supply_.set_proof(news, now.mono);
  settle(now, out);
}

void Scheduler::apply(const MemoryShort& news, Now now, Effects& out) {
  memory_short_ = news.is_short;
  supply_.set_spares(may_keep_spares());
  settle(now, out);
}

void Scheduler::apply(const DiskLow& news, Now now, Effects& out) {
  disk_low_ = news.is_low;
  settle(now, out);
}

void Scheduler::apply(const DefaultBlender& news, Now now, Effects& out) {
  supply_.set_default(news.blender, now.mono);
  settle(now, out);
}

bool Scheduler::take_go(AttemptId id) {
  const auto found = attempts_.find(id);
  if (found == attempts_.end() || found->second.over || found->second.stop != Stop::none) return false;
  found->second.went = true;
  return true;
}

}  // namespace offstage::core
