// SPDX-License-Identifier: Apache-2.0
//
// What clients ask for. A request that changes nothing (a repeated submit, a second cancel) succeeds with the revision that made it so.
#include <algorithm>

#include "core/cancelled.h"
#include "core/scheduler.h"

namespace offstage::core {
namespace {

Error not_live(JobId id) { return {Code::not_found, "JOB_NOT_FOUND", "no job " + id.hex(), "`offstage list` shows what there is", "name"}; }

Error not_ended(JobId id) {
  return {Code::failed_precondition, "JOB_NOT_ENDED", "job " + id.hex() + " has not ended", "wait for it, or cancel it first", "name"};
}

}  // namespace

Status Scheduler::admits(const Job& job, const Kind& kind) const {
  if (job.cpus > slots_.total()) {
    return Error{Code::failed_precondition,
                 "NOT_ENOUGH_SLOTS",
                 "the job asks for " + std::to_string(job.cpus) + " cpus, and this node has " + std::to_string(slots_.total()) + " slots",
                 "ask for fewer cpus, or leave them unset: the job then has all cores and takes one slot",
                 "spec.resources.cpus",
                 {{"slots", std::to_string(slots_.total())}}};
  }
  if (job.gpus > gpus_.size()) {
    return Error{Code::failed_precondition,
                 "NOT_ENOUGH_GPUS",
                 "the job asks for " + std::to_string(job.gpus) + " GPUs, and this node has " + std::to_string(gpus_.size()),
                 gpus_.empty() ? "name them in the daemon's option gpus, or leave resources.gpus unset" : "ask for fewer GPUs",
                 "spec.resources.gpus",
                 {{"gpus", std::to_string(gpus_.size())}}};
  }
  const Supply::Proof& proof = supply_.proof(kind.blender);
  if (job.isolation == Isolation::fork && proof.state == ForkProof::refused) {
    return Error{Code::failed_precondition,
                 "FORK_REFUSED",
                 "Blender " + kind.blender + " cannot be forked: " + proof.reason,
                 "use isolation auto or process; `offstage blenders` shows which ones fork",
                 "spec.environment.isolation",
                 {{"blender", kind.blender}}};
  }
  return Done{};
}

Result<std::vector<Job>> Scheduler::create(std::vector<NewJob> jobs, Now now, Effects& out) {
  std::size_t fresh = 0;
  for (const NewJob& submit : jobs) {
    const Job* known = jobs_.find(submit.job.id);
    const RecentJobs::Entry* recent = recent_.find(submit.job.id);
    if (!known && recent && !recent->deleted) known = &recent->job;
    if (!known) {
      ++fresh;
    } else if (known->request_hash != submit.job.request_hash) {
      return Error{Code::already_exists, "REQUEST_ID_REUSED", "this request id came before with another body, and made job " + submit.job.id.hex(),
                   "use a new request id for a new request", "request_id"};
    }
  }
  if (fresh > 0) {
    if (draining_) return Error{Code::unavailable, "DRAINING", "the daemon is draining: it takes no new jobs", "try again when it has restarted", {}};
    if (out.store_full) return Error{Code::resource_exhausted, "BUSY", "the store is behind with writing", "try again in a moment", {}};
    if (jobs_.size() + fresh > queue_length_) {
      return Error{Code::resource_exhausted,
                   "QUEUE_FULL",
                   "the queue is full: " + std::to_string(jobs_.size()) + " of " + std::to_string(queue_length_) + " jobs",
                   "wait for jobs to end, or raise queue_length",
                   {},
                   {{"queue_length", std::to_string(queue_length_)}}};
    }
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (Status admitted = admits(jobs[i].job, jobs[i].kind); !admitted) {
        if (jobs.size() > 1) admitted.error().field = "specs[" + std::to_string(i) + "]" + admitted.error().field.substr(4);
        return admitted.error();
      }
    }
  }

  std::vector<JobId> ids;
  for (NewJob& submit : jobs) {
    const JobId id = submit.job.id;
    ids.push_back(id);
    const RecentJobs::Entry* recent = recent_.find(id);
    if (jobs_.find(id) || (recent && !recent->deleted)) continue;
    recent_.remove(id);
    Job& job = jobs_.insert(submit.job);
    job.seq = ++last_seq_;
    job.revision = next_revision(out);
    job.kind = supply_.kinds().intern(submit.kind);
    job.attempts = 0;
    job.create_time = now.wall;
    job.start_time = {};
    enqueue(job, now);
    specs_.add(id, last_, submit.spec);
    out.batch.changes.emplace_back(
        JobInsert{job, std::move(submit.kind), std::move(submit.display_name), std::move(submit.labels_json), std::move(submit.spec)});
    out.urgent = true;
  }
  settle(now, out);

  std::vector<Job> made;
  for (const JobId& id : ids) {
    const Job* live = jobs_.find(id);
    made.push_back(live ? *live : recent_.find(id)->job);
  }
  return made;
}

Result<Revision> Scheduler::update(const JobChange& change, Now now, Effects& out) {
  Job* job = jobs_.find(change.id);
  RecentJobs::Entry* recent = recent_.find(change.id);
  if (recent && recent->deleted && !job) return not_live(change.id);
  const Job* known = job ? job : recent ? &recent->job : nullptr;
  if (change.etag && known && *change.etag != known->revision) {
    return Error{Code::aborted, "ETAG_STALE", "job " + change.id.hex() + " has changed since it was read",
                 "read it again, and repeat the change on what it is now", "job.etag"};
  }
  const bool move = change.priority || change.held;
  if (!job && (move || !change.labels_json)) return not_live(change.id);

  Revision revision = known ? known->revision : 0;
  if (move) {
    const bool waits = job->state == JobState::queued || job->state == JobState::held;
    const bool in_backoff = backoff_timers_.has(job->id);
    if (waits && !in_backoff) queue_.remove(*job);
    if (change.priority) job->priority = *change.priority;
    if (change.held) job->held = *change.held;
    if (waits) {
      if (job->held) dequeue(*job);
      if (job->held || !in_backoff) enqueue(*job, now);
    }
    write(*job, out);
    revision = job->revision;
  }
  if (change.labels_json) {
    revision = next_revision(out);
    out.batch.changes.emplace_back(LabelsUpdate{change.id, revision, *change.labels_json});
    if (job) job->revision = revision;
    if (!job && recent) recent->job.revision = revision;
  }
  out.urgent = true;
  settle(now, out);
  return revision;
}

Result<Revision> Scheduler::cancel(JobId id, Now now, Effects& out, const std::string& by) {
  Job* job = jobs_.find(id);
  if (!job) {
    const RecentJobs::Entry* recent = recent_.find(id);
    if (!recent || recent->deleted) return not_live(id);
    return recent->job.revision;  // it has ended; the caller reads how, once that is durable
  }
  if (job->state == JobState::cancelling) return job->revision;
  if (job->state != JobState::running) {
    end(*job, {.state = JobState::cancelled, .failure = cancelled_by(by)}, now, out);
    const Revision revision = last_;
    settle(now, out);
    return revision;
  }
  jobs_.move_to(*job, JobState::cancelling);
  write(*job, out);
  out.urgent = true;
  const Revision revision = job->revision;
  if (const auto attempt = attempts_.find(job->attempt); attempt != attempts_.end()) {
    attempt->second.failure = cancelled_by(by);
    write(attempt->second, out);
    stop(attempt->second, Stop::cancel, job->timeouts.cancel_grace, now, out);
  }
  settle(now, out);
  return revision;
}

Result<Revision> Scheduler::retry(const StoredJob& stored, Now now, Effects& out) {
  const JobId id = stored.job.id;
  RecentJobs::Entry* recent = recent_.find(id);
  if (jobs_.find(id)) return not_ended(id);
  if ((recent && recent->deleted) || deletes_.contains(id)) return not_live(id);  // or it is as good as deleted: only its processes are still there
  Job job = recent ? recent->job : stored.job;
  if (!ended(job.state)) return not_ended(id);
  if (job.state == JobState::succeeded) {
    return Error{Code::failed_precondition, "JOB_SUCCEEDED", "job " + id.hex() + " has succeeded", "submit it anew to run it again", "name"};
  }
  const unsigned most = job.attempts + std::max<unsigned>(1, stored.policy_attempts);
  if (most > 255) {
    return Error{Code::failed_precondition, "TOO_MANY_ATTEMPTS", "job " + id.hex() + " has had " + std::to_string(job.attempts) + " attempts", "submit it anew",
                 "name"};
  }
  if (draining_) return Error{Code::unavailable, "DRAINING", "the daemon is draining: it starts nothing new", "try again when it has restarted", {}};
  if (out.store_full) return Error{Code::resource_exhausted, "BUSY", "the store is behind with writing", "try again in a moment", {}};

  recent_.remove(id);
  job.kind = supply_.kinds().intern(stored.kind);
  job.max_attempts = static_cast<std::uint8_t>(most);
  Job& live = jobs_.insert(job);
  enqueue(live, now);
  write(live, out);
  out.urgent = true;
  const Revision revision = last_;
  settle(now, out);
  return revision;
}

Status Scheduler::remove(JobId id, const std::vector<AttemptId>& attempts, bool force, Now now, Effects& out) {
  Job* job = jobs_.find(id);
  const RecentJobs::Entry* recent = recent_.find(id);
  if (!job && recent && recent->deleted) return not_live(id);
  if (job && !force) return not_ended(id);

  std::vector<AttemptId>& folders = deletes_[id];
  const auto remember = [&](const AttemptId& attempt) {
    if (std::find(folders.begin(), folders.end(), attempt) == folders.end()) folders.push_back(attempt);
  };
  for (const AttemptId& attempt : attempts) remember(attempt);
  for (const auto& [attempt, state] : attempts_) {
    if (state.job == id) remember(attempt);
  }

  if (job && job->state != JobState::running && job->state != JobState::cancelling) end(*job, {.state = JobState::cancelled}, now, out), job = nullptr;
  if (!has_attempt(id)) {
    if (job) end(*job, {.state = JobState::cancelled}, now, out);
    erase_row(id, now, out);
    settle(now, out);
    return Done{};
  }
  if (job) {
    job->delete_when_over = true;
    jobs_.move_to(*job, JobState::cancelling);
    write(*job, out);
    out.urgent = true;
  }
  for (auto& [attempt, state] : attempts_) {
    if (state.job == id) stop(state, Stop::cancel, Micros{0}, now, out);
  }
  settle(now, out);
  return Done{};
}

KindId Scheduler::keep_warm(const Kind& kind, Micros hold, Now now, Effects& out) {
  const KindId id = supply_.kinds().intern(kind);
  supply_.keep_warm(id, hold, now.mono);
  settle(now, out);
  return id;
}

void Scheduler::cool(const std::function<bool(const Kind&)>& which, Now now, Effects& out) {
  supply_.cool(which);
  settle(now, out);
}

void Scheduler::set_slots(unsigned slots, Now now, Effects& out) {
  slots_.resize(slots);
  settle(now, out);
}

void Scheduler::set_draining(bool draining, Now now, Effects& out) {
  draining_ = draining;
  supply_.set_spares(may_keep_spares());
  settle(now, out);
}

}  // namespace offstage::core
