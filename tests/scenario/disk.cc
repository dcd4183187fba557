// SPDX-License-Identifier: Apache-2.0
#include "scenario/disk.h"

#include <algorithm>
#include <ostream>

#include "scenario/tell.h"

namespace offstage::scenario {

using core::AttemptState;
using core::JobState;

namespace {

const JobId& job_of(const core::JobInsert& row, const std::map<AttemptId, JobId>&) { return row.job.id; }
const JobId& job_of(const core::JobUpdate& row, const std::map<AttemptId, JobId>&) { return row.id; }
const JobId& job_of(const core::LabelsUpdate& row, const std::map<AttemptId, JobId>&) { return row.id; }
const JobId& job_of(const core::JobDelete& row, const std::map<AttemptId, JobId>&) { return row.id; }
const JobId& job_of(const core::AttemptWrite& row, const std::map<AttemptId, JobId>&) { return row.job; }
const JobId& job_of(const core::AttemptDelete& row, const std::map<AttemptId, JobId>& attempts) { return attempts.at(row.id); }
const JobId& job_of(const core::FolderSize& row, const std::map<AttemptId, JobId>& attempts) { return attempts.at(row.id); }

}  // namespace

core::Revision Disk::commit(std::size_t batches) {
  for (; batches > 0 && !pending_.empty(); --batches) {
    const core::Batch batch = std::move(pending_.front());
    pending_.pop_front();
    commit(batch);
    require(batch.revision == last, "a batch has the revision of its last change");
  }
  return last;
}

void Disk::commit(const core::Batch& batch) {
  for (const core::Change& change : batch.changes) {
    if (trace) *trace << "      disk: " << tell(change) << '\n';
    std::visit([this](const auto& row) { apply(row); }, change);
  }
  for (const core::Change& change : batch.changes) {
    if (const auto* row = std::get_if<core::JobUpdate>(&change); row && row->state == JobState::succeeded) check_success(row->id);
  }
}

std::size_t Disk::changes_since(core::Revision durable) const {
  std::size_t changes = last > durable ? last - durable : 0;
  for (const core::Batch& batch : pending_) changes += batch.changes.size();
  return changes;
}

void Disk::crash(Choice& choice) {
  const std::uint64_t way = choice.below(pending_.size() + 2);
  if (way <= pending_.size()) {
    commit(way);
  } else {
    std::map<AttemptId, JobId> attempt_jobs;
    for (const auto& [id, row] : attempts) attempt_jobs.emplace(id, row.job);
    std::set<JobId> broken_off;
    for (const core::Batch& batch : pending_) {
      std::vector<JobId> touched;
      for (const core::Change& change : batch.changes) {
        if (const auto* row = std::get_if<core::AttemptWrite>(&change)) attempt_jobs.emplace(row->id, row->job);
        touched.push_back(std::visit([&](const auto& row) { return job_of(row, attempt_jobs); }, change));
      }
      const bool stands = std::none_of(touched.begin(), touched.end(), [&](const JobId& id) { return broken_off.contains(id); });
      if (stands && choice.chance(50)) {
        commit(batch);
      } else {
        broken_off.insert(touched.begin(), touched.end());
      }
    }
  }
  pending_.clear();
  retries.clear();
}

void Disk::advance(JobRow* job, const JobId& id, core::Revision revision) {
  require(revision > last, "each row change has a revision of its own, larger than all before");
  last = revision;
  if (!job) return;
  by_revision.erase(job->job.revision);
  by_revision.emplace(revision, id);
  job->job.revision = revision;
}

void Disk::apply(const core::JobInsert& row) {
  require(row.job.seq > last_seq, "jobs are numbered in the order of submit");
  last_seq = row.job.seq;
  const auto [at, fresh] = jobs.try_emplace(row.job.id);
  require(fresh, "a job is inserted once");
  at->second = {row.job, row.kind, row.labels_json, core::Reason::none, {}, {}, 0};
  advance(&at->second, row.job.id, row.job.revision);
}

void Disk::apply(const core::JobUpdate& row) {
  const auto found = jobs.find(row.id);
  require(found != jobs.end(), "only rows that exist are updated");
  advance(&found->second, row.id, row.revision);
  core::Job& job = found->second.job;
  const bool again = ended(job.state) && !ended(row.state);
  require(!ended(job.state) || again, "at most one outcome is committed: the first one wins");
  require(!again || retries[row.id]-- > 0, "an ended job comes back only if a client asked for it");
  require(job.state != JobState::succeeded, "a job that has succeeded stays so");
  require(job.state != JobState::cancelling || row.state == JobState::cancelling || row.state == JobState::cancelled,
          "after an acknowledged cancel there is no other end than CANCELLED");
  require(row.attempts <= row.max_attempts, "no more attempts than allowed");
  require(row.state != JobState::failed || row.failure.reason != core::Reason::none, "a failure has a reason");
  if (!ended(job.state) && ended(row.state)) ++found->second.ends;
  job.state = row.state;
  job.priority = row.priority;
  job.held = row.held;
  job.attempts = row.attempts;
  job.max_attempts = row.max_attempts;
  job.start_time = row.start_time;
  job.delete_when_over = row.delete_when_over;
  found->second.reason = row.failure.reason;
  found->second.value_json = row.outcome ? row.outcome->value_json : "";
}

void Disk::apply(const core::LabelsUpdate& row) {
  const auto found = jobs.find(row.id);
  advance(found == jobs.end() ? nullptr : &found->second, row.id, row.revision);
  if (found != jobs.end()) found->second.labels_json = row.labels_json;
}

void Disk::apply(const core::JobDelete& row) {
  const auto found = jobs.find(row.id);
  require(found != jobs.end(), "only rows that exist are deleted");
  if (!may_be_deleted.contains(row.id)) {
    require(may_expire.contains(row.id), "an acknowledged job exists until somebody deletes it");
    require(ended(found->second.job.state), "only what has ended expires");
    require(may_expire[row.id].contains(found->second.ends), "a job that was retried since it was looked at does not expire");
    expired.insert(row.id);
  }
  advance(nullptr, row.id, row.revision);
  by_revision.erase(found->second.job.revision);
  tombstones.emplace(row.revision, row.id);
  deleted.insert(row.id);
  for (const AttemptId& attempt : found->second.attempts) attempts.erase(attempt);
  jobs.erase(found);
}

void Disk::apply(const core::AttemptWrite& row) {
  const auto job = jobs.find(row.job);
  require(job != jobs.end() && job->second.job.seq == row.job_seq, "an attempt belongs to a job that exists");
  const auto [at, fresh] = attempts.try_emplace(row.id);
  const core::AttemptWrite& before = at->second;
  require(fresh || before.job == row.job, "an attempt's id is never used again");
  require(fresh || !ended(before.state) || before.state == row.state, "an attempt has one outcome");
  at->second = row;
  if (fresh) job->second.attempts.push_back(row.id);
}

void Disk::apply(const core::AttemptDelete& row) {
  const auto found = attempts.find(row.id);
  require(found != attempts.end() && found->second.state == AttemptState::starting, "only an attempt that never began is taken back");
  if (const auto job = jobs.find(found->second.job); job != jobs.end()) std::erase(job->second.attempts, row.id);
  attempts.erase(found);
}

void Disk::check_success(const JobId& id) const {
  const JobRow& row = jobs.at(id);
  unsigned successes = 0;
  for (const AttemptId& attempt : row.attempts) {
    if (attempts.at(attempt).state != AttemptState::succeeded) continue;
    ++successes;
    const auto left = results.find(attempt);
    require(left != results.end() && left->second == row.value_json, "a job that succeeded has the result that its worker left");
  }
  require(successes == 1, "a job succeeds by one attempt");
}

}  // namespace offstage::scenario
