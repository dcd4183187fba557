// SPDX-License-Identifier: Apache-2.0
#include "scenario/world.h"

#include <algorithm>
#include <limits>

namespace offstage::scenario {

using core::ForkProof;
using core::JobState;

namespace {
constexpr std::size_t everything = std::numeric_limits<std::size_t>::max();
}

World::World(Choice& choice, const core::SchedulerOptions& options, std::ostream* trace)
    : choice_(choice), crew_(choice, disk_), options_(options), slots_(options.slots) {
  disk_.trace = trace;
  crew_.on_prepare = [this](const core::Assignment& assignment) { check_prepare(assignment); };
  start_daemon();
}

void World::start_daemon() {
  engine_ = std::make_unique<core::Engine>(options_, disk_, crew_, *this);
  slots_ = options_.slots;
  held_slots_.clear();
  notices_.clear();
  unanswered_ = 0;
  expired_.clear();
  told_of_ = disk_.last;
  while (told_.read(disk_, everything)) {
  }
  engine_->restore(disk_.last, disk_.last_seq);
  std::map<std::int64_t, core::StoredJob> live;
  for (const auto& [id, row] : disk_.jobs) {
    if (!ended(row.job.state)) live[row.job.seq] = {row.job, row.kind};
  }
  for (const auto& [seq, job] : live) engine_->load(job);
  std::vector<core::OpenAttempt> open;
  for (const auto& [id, row] : disk_.attempts) {
    if (!ended(row.state))
      open.push_back({id, row.job, row.number, row.state, row.isolation, row.process, row.create_time, row.start_time, row.failure, row.gpus});
  }
  for (const core::OpenAttempt& attempt : open) engine_->adopt(attempt, now_);
  crew_.adopt(open);
  if (disk_low_) apply(core::DiskLow{true});
  for (const auto& [blender, proof] : proofs_) apply(core::ProofChanged{blender, proof, "it does not fork"});
}

void World::kill_daemon() {
  disk_.crash(choice_);
  engine_.reset();
  crew_.lose_daemon();
  std::erase_if(submitted_, [&](const auto& entry) { return !disk_.jobs.contains(entry.first); });
  for (const JobId& id : acknowledged_) {
    require(disk_.jobs.contains(id) || disk_.may_be_gone(id), "an acknowledged job exists until somebody deletes it");
  }
  start_daemon();
}

void World::cut_power() {
  crew_.lose_power();
  now_.mono = Mono(std::chrono::minutes(1));
  kill_daemon();
}

void World::commit(std::size_t batches) { notices_.push_back(disk_.commit(batches)); }

bool World::tell_durable() {
  if (notices_.empty()) return false;
  const core::Revision durable = notices_.front();
  notices_.pop_front();
  engine_->on_durable(durable);
  return true;
}

void World::pass_time(Micros time) {
  now_.mono += time;
  now_.wall += time;
  engine_->tick(now_);
}

void World::to_next_deadline() {
  if (const auto due = engine_->next_deadline()) pass_time(std::max(Micros{0}, *due - now_.mono));
}

void World::set_clock(Micros by) { now_.wall += by; }

void World::set_slots(unsigned slots) { engine_->set_slots(slots_ = slots, now_); }

void World::set_draining(bool draining) { engine_->set_draining(draining, now_); }

void World::set_disk_low(bool low) { apply(core::DiskLow{disk_low_ = low}); }

void World::prove(const std::string& blender, ForkProof proof) {
  proofs_[blender] = proof;
  apply(core::ProofChanged{blender, proof, "it does not fork"});
}

void World::changed(std::span<const JobId> jobs, core::Revision durable) {
  require(!jobs.empty() && durable <= disk_.last && durable > told_of_, "watchers are told of what is durable, in order");
  told_of_ = durable;
  for (const JobId& id : jobs) told_.look(disk_, id);
}

void World::calm_down() {
  set_slots(options_.slots);
  set_draining(false);
  apply(core::MemoryShort{false});
  for (const char* blender : {"a", "b"}) prove(blender, choice_.chance(50) ? ForkProof::proven : ForkProof::refused);
  std::vector<JobId> held;
  for (const auto& [id, job] : scheduler().jobs().all()) {
    if (job.held) held.push_back(id);
  }
  for (const JobId& id : held) engine_->update({id, {}, false, {}, {}}, now_, [](Status) {});
  drain_the_low_disk();
  for (unsigned round = 0; scheduler().jobs().size() > 0 || !scheduler().attempts().empty() || disk_.behind() > 0 || !notices_.empty(); ++round) {
    require(round < 1000, "when faults stop, every job ends");
    if (!go_on()) to_next_deadline();
    check();
  }
  check_end();
}

/// Everybody does what there is to do; false: there was nothing.
bool World::go_on() {
  bool busy = disk_.behind() > 0;
  if (busy) commit(everything);
  while (tell_durable()) {
  }
  busy = crew_.deliver_all(*engine_, now_) || busy;
  return crew_.calm_down() || busy;
}

void World::drain_the_low_disk() {
  for (unsigned round = 0; disk_low_ && (!scheduler().attempts().empty() || disk_.behind() > 0 || !notices_.empty()); ++round) {
    require(round < 1000, "what runs ends while the disk is almost full");
    if (!go_on()) to_next_deadline();
    check();
  }
  set_disk_low(false);
}

}  // namespace offstage::scenario
