// SPDX-License-Identifier: Apache-2.0
#include "scenario/disk.h"

namespace offstage::scenario {

using core::JobState;

core::Revision Disk::commit_one() {
  const core::Batch batch = std::move(pending_.front());
  pending_.pop_front();
  for (const core::Change& change : batch.changes) std::visit([this](const auto& row) { apply(row); }, change);
  require(batch.revision == last, "a batch has the revision of its last change");
  return last;
}

void Disk::advance(core::Revision revision) {
  require(revision > last, "each row change has a revision of its own, larger than all before");
  last = revision;
}

void Disk::apply(const core::JobInsert& row) {
  advance(row.job.revision);
  require(row.job.seq > last_seq, "jobs are numbered in the order of submit");
  last_seq = row.job.seq;
  require(jobs.emplace(row.job.id, JobRow{row.job, row.kind}).second, "a job is inserted once");
}

void Disk::apply(const core::JobUpdate& row) {
  advance(row.revision);
  const auto found = jobs.find(row.id);
  require(found != jobs.end(), "only rows that exist are updated");
  core::Job& job = found->second.job;
  const bool requeued = row.state == JobState::queued || row.state == JobState::held;
  require(!ended(job.state) || requeued, "the first committed outcome wins: an ended job changes only by being queued again");
  require(job.state != JobState::succeeded || row.state == JobState::succeeded, "a job that has succeeded stays so");
  require(job.state != JobState::cancelling || row.state == JobState::cancelling || row.state == JobState::cancelled, "a recorded cancel ends as cancelled");
  require(row.attempts <= row.max_attempts, "no more attempts than allowed");
  require(row.state != JobState::failed || row.failure.reason != core::Reason::none, "a failure has a reason");
  job.revision = row.revision;
  job.state = row.state;
  job.priority = row.priority;
  job.held = row.held;
  job.attempts = row.attempts;
  job.max_attempts = row.max_attempts;
  job.delete_when_over = row.delete_when_over;
  found->second.reason = row.failure.reason;
}

void Disk::apply(const core::LabelsUpdate& row) {
  advance(row.revision);
  if (const auto found = jobs.find(row.id); found != jobs.end()) found->second.job.revision = row.revision;
}

void Disk::apply(const core::JobDelete& row) {
  advance(row.revision);
  require(jobs.erase(row.id) == 1, "only rows that exist are deleted");
  std::erase_if(attempts, [&](const auto& entry) { return entry.second.job == row.id; });
}

void Disk::apply(const core::AttemptWrite& row) {
  const auto job = jobs.find(row.job);
  require(job != jobs.end() && job->second.job.seq == row.job_seq, "an attempt belongs to a job that exists");
  const auto found = attempts.find(row.id);
  require(found == attempts.end() || !ended(found->second.state) || found->second.state == row.state, "an attempt has one outcome");
  attempts[row.id] = row;
}

void Disk::apply(const core::AttemptDelete& row) {
  const auto found = attempts.find(row.id);
  require(found != attempts.end() && found->second.state == core::AttemptState::starting, "only an attempt that never began is taken back");
  attempts.erase(found);
}

}  // namespace offstage::scenario
