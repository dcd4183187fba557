// SPDX-License-Identifier: Apache-2.0
//
// What clients ask for in a history, and what each reply promises.
#include <utility>

#include "scenario/world.h"

namespace offstage::scenario {

using core::JobState;

void World::submit(std::vector<core::NewJob> batch) {
  std::vector<JobId> ids;
  for (const core::NewJob& job : batch) {
    ids.push_back(job.job.id);
    submitted_[job.job.id] = job;
  }
  engine_->create(std::move(batch), now_, once<std::vector<core::Job>>([this, ids](const Result<std::vector<core::Job>>& made) {
                    for (const JobId& id : ids) {
                      if (made) {
                        require(disk_.knows(id), "an acknowledged job is durable");
                        acknowledged_.insert(id);
                      } else {
                        submitted_.erase(id);
                      }
                    }
                  }));
}

void World::repeat(const JobId& id, bool other_body) {
  if (disk_.may_be_gone(id) || disk_.jobs.contains(id)) return;  // the API has looked into the store first
  core::NewJob again = submitted_.at(id);
  if (other_body && !scheduler().jobs().find(id)) return;
  if (other_body) again.job.request_hash[1] ^= 1;
  engine_->create({again}, now_, once<std::vector<core::Job>>([this, id, other_body](const Result<std::vector<core::Job>>& made) {
                    if (other_body) {
                      require(!made && made.error().reason == "REQUEST_ID_REUSED", "another body with the same request id is refused");
                    } else if (made) {
                      require(disk_.knows(id), "a repeated submit is acknowledged when it is durable, too");
                      acknowledged_.insert(id);
                    }
                  }));
}

void World::cancel(const JobId& id) {
  engine_->cancel(id, now_, once<Done>([this, id](const Status& done) {
                    if (!done || disk_.may_be_gone(id)) return;
                    const auto row = disk_.jobs.find(id);
                    require(row != disk_.jobs.end(), "a cancel is acknowledged when the job and the request are durable");
                    const JobState state = row->second.job.state;
                    require(state == JobState::cancelling || ended(state) || retried_.contains(id), "an acknowledged cancel is recorded, or came too late");
                  }));
}

void World::update(const core::JobChange& change) {
  if (!scheduler().jobs().find(change.id) && !disk_.jobs.contains(change.id)) return;
  engine_->update(change, now_, once<Done>([](const Status&) {}));
}

void World::retry(const JobId& id) {
  const auto row = disk_.jobs.find(id);
  if (row == disk_.jobs.end() || !ended(row->second.job.state)) return;
  retried_.insert(id);
  ++disk_.retries[id];
  engine_->retry({row->second.job, row->second.kind, 1}, now_, once<Done>([this, id](const Status& done) {
                   if (!done) --disk_.retries[id];
                 }));
}

void World::remove(const JobId& id, bool force) {
  const auto row = disk_.jobs.find(id);
  if (row == disk_.jobs.end()) return;
  const bool asked_before = !disk_.may_be_deleted.insert(id).second;
  engine_->remove(id, row->second.attempts, force, now_, once<Done>([this, id, asked_before](const Status& done) {
                    if (done) {
                      require(!disk_.jobs.contains(id), "an acknowledged deletion is durable");
                      gone_.insert(id);
                    } else if (!asked_before) {
                      disk_.may_be_deleted.erase(id);
                    }
                  }));
}

void World::look_for_expired(std::size_t most) {
  expired_.clear();
  for (const auto& [revision, id] : disk_.by_revision) {
    if (expired_.size() == most) break;
    const Disk::JobRow& row = disk_.jobs.at(id);
    if (!ended(row.job.state)) continue;
    expired_.push_back({id, revision, row.attempts});
    disk_.may_expire[id].insert(row.ends);
  }
}

void World::expire() {
  engine_->expire(std::exchange(expired_, {}), now_, once<Done>([](const Status& done) { require(static_cast<bool>(done), "what has expired goes"); }));
}

}  // namespace offstage::scenario
