// SPDX-License-Identifier: Apache-2.0
//
// What clients ask for in a history, and what each reply promises.
#include "scenario/world.h"

namespace offstage::scenario {

using namespace std::chrono_literals;
using core::JobState;

core::NewJob World::a_job() {
  core::NewJob submit;
  core::Job& job = submit.job;
  job.id = random_.id<JobId>();
  job.request_hash[0] = static_cast<std::uint8_t>(random_.below(256));
  job.isolation = static_cast<core::Isolation>(1 + random_.below(3));
  job.held = random_.chance(10);
  job.priority = static_cast<std::int16_t>(random_.chance(20) ? 100 + random_.below(3) : random_.below(3));
  job.cpus = random_.chance(20) ? static_cast<std::uint32_t>(1 + random_.below(options_.slots)) : 0;
  job.max_attempts = static_cast<std::uint8_t>(1 + random_.below(3));
  if (random_.chance(60)) job.retry_on = core::bit(core::Reason::crashed) | core::bit(core::Reason::timed_out) | core::bit(core::Reason::lost);
  if (random_.chance(15)) job.timeouts.queue = 20s;
  if (random_.chance(15)) job.timeouts.start = 5s;
  if (random_.chance(30)) job.timeouts.run = 4s;
  if (random_.chance(20)) job.timeouts.progress = 3s;
  submit.kind.blender = random_.chance(60) ? "a" : "b";
  submit.labels_json = "{}";
  submit.spec = std::make_shared<const std::string>("spec");
  return submit;
}

JobId World::some_job() {
  if (submitted_.empty()) return {};
  auto at = submitted_.begin();
  std::advance(at, static_cast<long>(random_.below(submitted_.size())));
  return at->first;
}

void World::submit() {
  std::vector<core::NewJob> batch;
  for (std::uint64_t n = 1 + random_.below(3); n > 0; --n) batch.push_back(a_job());
  for (const core::NewJob& job : batch) submitted_[job.job.id] = job;
  const auto sent = batch;
  engine_->create(std::move(batch), now_, [this, sent](Result<std::vector<core::Job>> made) {
    for (const core::NewJob& job : sent) {
      if (made) {
        require(disk_.jobs.contains(job.job.id), "an acknowledged job is durable");
        acknowledged_.insert(job.job.id);
      } else {
        submitted_.erase(job.job.id);
      }
    }
  });
}

void World::repeat() {
  const JobId id = some_job();
  if (id.is_zero() || removed_.contains(id) || disk_.jobs.contains(id)) return;  // the API has looked into the store first
  core::NewJob again = submitted_.at(id);
  const bool other_body = random_.chance(30);
  const bool live = engine_->scheduler().jobs().find(id) != nullptr;
  if (other_body && !live) return;
  if (other_body) again.job.request_hash[1] ^= 1;
  engine_->create({again}, now_, [this, id, other_body](Result<std::vector<core::Job>> made) {
    if (other_body) {
      require(!made && made.error().reason == "REQUEST_ID_REUSED", "another body with the same request id is refused");
    } else if (made) {
      require(disk_.jobs.contains(id), "a repeated submit is acknowledged when it is durable, too");
      acknowledged_.insert(id);
    }
  });
}

void World::cancel() {
  const JobId id = some_job();
  engine_->cancel(id, now_, [this, id](Status done) {
    if (!done || removed_.contains(id)) return;
    const auto row = disk_.jobs.find(id);
    require(row != disk_.jobs.end(), "a cancel is acknowledged when the job and the request are durable");
    require(row->second.job.state == JobState::cancelling || ended(row->second.job.state), "an acknowledged cancel is recorded, or came too late");
  });
}

void World::update() {
  core::JobChange change;
  change.id = some_job();
  if (random_.chance(50)) change.priority = static_cast<std::int16_t>(random_.below(120));
  if (random_.chance(50)) change.held = random_.chance(40);
  if (random_.chance(30)) change.labels_json = "{\"a\": \"b\"}";
  if (random_.chance(20)) change.etag = random_.below(50);
  if (!engine_->scheduler().jobs().find(change.id) && !disk_.jobs.contains(change.id)) return;
  engine_->update(change, now_, [](Status) {});
}

void World::retry() {
  const auto row = disk_.jobs.find(some_job());
  if (row == disk_.jobs.end() || !ended(row->second.job.state)) return;
  engine_->retry({row->second.job, row->second.kind, 1}, now_, [](Status) {});
}

void World::remove() {
  const JobId id = some_job();
  if (!disk_.jobs.contains(id)) return;
  std::vector<AttemptId> attempts;
  for (const auto& [attempt, row] : disk_.attempts) {
    if (row.job == id) attempts.push_back(attempt);
  }
  const bool asked_before = !removed_.insert(id).second;
  engine_->remove(id, attempts, random_.chance(60), now_, [this, id, asked_before](Status done) {
    if (done) {
      require(!disk_.jobs.contains(id) && !crew_.alive(id), "a deleted job is gone, and nothing of it runs");
    } else if (!asked_before) {
      removed_.erase(id);
    }
  });
}

}  // namespace offstage::scenario
