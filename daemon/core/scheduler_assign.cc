// SPDX-License-Identifier: Apache-2.0
//
// The end of each step: free slots go to jobs in order, and the pool is told how many workers to keep.
//
// Who waits for a worker is worked out anew each time and keeps its slots meanwhile, so that nothing behind it can starve it and nothing ahead of it ever comes
// second. A step costs O(slots · log lanes), however long the queue is.
#include <algorithm>

#include "base/faults.h"
#include "core/scheduler.h"

namespace offstage::core {
namespace {
constexpr std::size_t fail_at_once = 1000;  // jobs a step: a transaction of a million rows would stop everybody

/// The first of them; they are not free any more.
Gpus take_some(std::optional<Gpus>& free, unsigned count) {
  if (count == 0) return {};
  const auto end = free->begin() + count;
  Gpus out(free->begin(), end);
  free->erase(free->begin(), end);
  return out;
}
}  // namespace

void Scheduler::settle(Now now, Effects& out) {
  as_of_ = now.mono;
  unsettled_ = false;
  for (const JobId& id : std::exchange(loaded_, {})) {
    if (const Job* job = jobs_.find(id)) watch_queue(*job, now);
  }
  for (const JobId& id : std::exchange(orphans_, {})) {
    Job& job = *jobs_.find(id);
    if (job.state == JobState::cancelling) {
      end(job, {.state = JobState::cancelled}, now, out);
      if (deletes_.contains(id)) erase_row(id, now, out);
    } else {
      enqueue(job, now);
      write(job, out);
    }
  }
  fail_refused(now, out);
  assign(now, out);
  supply_.say_wants(slots_.total(), now.mono, out);
  out.batch.lazy = !out.urgent;
}

void Scheduler::fail_refused(Now now, Effects& out) {
  std::vector<Job*> refused, greedy;
  for (const auto& [key, lane] : queue_.lanes()) {
    if (key.second != Isolation::fork || supply_.proof(kinds().at(key.first).blender).state != ForkProof::refused) continue;
    for (const Place& place : lane) {
      if (refused.size() == fail_at_once) break;
      refused.push_back(place.job);
    }
  }
  for (const auto& [key, lane] : queue_.lanes()) {
    if (lane.begin()->job->gpus <= gpus_.size()) continue;  // a daemon before this one had more
    for (const Place& place : lane) {
      if (greedy.size() == fail_at_once) break;
      greedy.push_back(place.job);
    }
  }
  unsettled_ = refused.size() == fail_at_once || greedy.size() == fail_at_once;
  for (Job* job : greedy) {
    end(*job,
        {.failure = {Reason::blender_unavailable,
                     "the job asks for " + std::to_string(job->gpus) + " GPUs, and this node has " + std::to_string(gpus_.size()) + " now",
                     "name them in the daemon's option gpus, and retry the job",
                     {{"gpus", std::to_string(gpus_.size())}},
                     {}}},
        now, out);
  }
  for (Job* job : refused) {
    const std::string& blender = kinds().at(job->kind).blender;
    end(*job,
        {.failure = {Reason::blender_unavailable,
                     "Blender " + blender + " cannot be forked: " + supply_.proof(blender).reason,
                     "use isolation auto or process; `offstage blenders` shows which ones fork",
                     {{"blender", blender}},
                     {}}},
        now, out);
  }
}

void Scheduler::assign(Now now, Effects& out) {
  if (out.store_full) {
    stalled_ = true;  // who waits for a worker goes on waiting
    return;
  }
  stalled_ = false;
  supply_.begin_count();
  std::vector<Job*> waiting;
  unsigned kept = 0;
  std::optional<Gpus> gpus;  // free ones; looked up if somebody wants one
  if (!draining_ && (!disk_low_ || seeded_bug("start_on_a_full_disk"))) {
    Queue::Merge merge;
    for (const auto& [key, lane] : queue_.lanes()) {
      if (supply_.resolve(key.first, key.second, now.mono)) merge.add(lane);
    }
    while (Job* job = merge.next()) {
      if (!slots_.fits(*job)) break;
      if (job->gpus > 0 && !gpus) gpus = free_gpus();
      if (job->gpus > 0 && job->gpus > gpus->size()) {
        gpus->clear();  // it is the next to have one
        merge.leave(*job);
        continue;
      }
      const Isolation isolation = *supply_.resolve(job->kind, job->isolation, now.mono);
      if (const auto worker = supply_.take(job->kind, isolation, job->isolation == Isolation::automatic, now.mono)) {
        start(*job, *worker, take_some(gpus, job->gpus), now, out);
        continue;
      }
      supply_.waits(supply_.source(job->kind, isolation, now.mono), isolation);
      waiting.push_back(job);
      take_some(gpus, job->gpus);
      slots_.take(slots_.need(*job));
      kept += slots_.need(*job);
    }
  }
  slots_.give_back(kept);
  keep_waiting(waiting, now);
}

Gpus Scheduler::free_gpus() const {
  Gpus free = gpus_;
  for (const auto& [id, attempt] : attempts_) {
    if (attempt.over && seeded_bug("share_gpus")) continue;
    std::erase_if(free, [&attempt](const std::string& gpu) { return std::find(attempt.gpus.begin(), attempt.gpus.end(), gpu) != attempt.gpus.end(); });
  }
  return free;
}

void Scheduler::start(Job& job, const WorkerIdle& worker, Gpus gpus, Now now, Effects& out) {
  dequeue(job);
  Attempt attempt;
  attempt.id = worker.worker;
  attempt.job = job.id;
  attempt.job_seq = job.seq;
  if (seeded_bug("count_attempts_twice")) ++job.attempts;
  attempt.number = ++job.attempts;
  attempt.isolation = worker.isolation;
  attempt.process = worker.process;
  attempt.slots = slots_.need(job);
  attempt.gpus = std::move(gpus);
  attempt.assigned = now.mono;
  attempt.create_time = now.wall;
  slots_.take(attempt.slots);

  jobs_.move_to(job, JobState::running);
  job.attempt = attempt.id;
  write(job, out);
  write(attempt, out);
  out.urgent = true;
  out.act(Prepare{{.attempt = attempt.id,
                   .job = job.id,
                   .number = attempt.number,
                   .cpus = job.cpus,
                   .memory_bytes = job.memory_bytes,
                   .gpus = attempt.gpus,
                   .run_timeout = job.timeouts.run,
                   .watch_progress = job.timeouts.progress != Micros{0},
                   .spec = specs_.find(job.id)}});
  out.act(Go{attempt.id}, last_);
  watch(attempts_.emplace(attempt.id, attempt).first->second);
}

void Scheduler::keep_waiting(const std::vector<Job*>& waiting, Now now) {
  std::map<JobId, Mono> before;
  std::swap(before, waiting_since_);
  for (const Job* job : waiting) {
    const auto since = before.find(job->id);
    const Mono from = since == before.end() ? now.mono : since->second;
    waiting_since_.emplace(job->id, from);
    worker_timers_.set(job->id, from + start_timeout(job->timeouts));
    before.erase(job->id);
  }
  for (const auto& [job, since] : before) worker_timers_.clear(job);
}

}  // namespace offstage::core
