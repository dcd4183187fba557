// SPDX-License-Identifier: Apache-2.0
#include "scenario/world.h"

#include <algorithm>

namespace offstage::scenario {

using namespace std::chrono_literals;
using core::ForkProof;
using core::JobState;

World::World(std::uint64_t seed) : random_(seed), crew_(random_, disk_) {
  options_.slots = static_cast<unsigned>(1 + random_.below(4));
  options_.max_spares = static_cast<unsigned>(random_.below(4));
  options_.queue_length = 30;
  options_.default_blender = random_.chance(50) ? "a" : "";
  crew_.on_prepare = [this](const core::Assignment& assignment) { check_prepare(assignment); };
  start_daemon();
}

void World::start_daemon() {
  engine_ = std::make_unique<core::Engine>(options_, disk_, crew_, *this);
  held_slots_.clear();
  watched_ = disk_.last;
  engine_->restore(disk_.last, disk_.last_seq);
  std::map<std::int64_t, core::StoredJob> live;
  for (const auto& [id, row] : disk_.jobs) {
    if (!ended(row.job.state)) live[row.job.seq] = {row.job, row.kind};
  }
  for (const auto& [seq, job] : live) engine_->load(job);
  std::vector<core::OpenAttempt> open;
  for (const auto& [id, row] : disk_.attempts) {
    if (!ended(row.state)) open.push_back({id, row.job, row.number, row.state, row.isolation, row.process, row.create_time, row.start_time});
  }
  for (const core::OpenAttempt& attempt : open) engine_->adopt(attempt, now_);
  crew_.adopt(open);
  for (const auto& [blender, proof] : proofs_) engine_->apply(core::ProofChanged{blender, proof, "it does not fork"}, now_);
}

void World::kill_daemon() {
  while (disk_.behind() && random_.chance(50)) disk_.commit_one();  // durable, but nobody was told
  disk_.lose_pending();
  engine_.reset();
  crew_.lose_daemon();
  std::erase_if(submitted_, [&](const auto& entry) { return !acknowledged_.contains(entry.first) && !disk_.jobs.contains(entry.first); });
  start_daemon();
}

void World::pass_time() {
  Micros time = std::chrono::milliseconds(random_.below(400));
  if (const auto due = engine_->next_deadline(); due && random_.chance(40)) time = std::max(Micros{0}, *due - now_.mono);
  now_.mono += time;
  now_.wall += time;
  engine_->tick(now_);
}

void World::changed(std::span<const JobId> jobs, core::Revision durable) {
  require(!jobs.empty() && durable == disk_.last && durable >= watched_, "watchers are told of what is durable, in order");
  watched_ = durable;
}

void World::check_prepare(const core::Assignment& assignment) {
  const auto& scheduler = engine_->scheduler();
  const core::Job& started = *scheduler.jobs().find(assignment.job);
  require(assignment.spec || disk_.jobs.contains(started.id), "a worker can be given the spec at once");
  for (const auto& [id, other] : scheduler.jobs().all()) {
    const bool waits = other.state == JobState::queued && other.attempts == 0;  // later attempts may be in their backoff
    const bool first = other.priority > started.priority || (other.priority == started.priority && other.seq < started.seq);
    require(!waits || !first || other.kind != started.kind || other.isolation != started.isolation, "of one kind, the first in order starts first");
  }
  const unsigned need = std::max(1U, started.cpus);
  held_slots_[assignment.attempt] = need;
}

void World::check() {
  const auto& scheduler = engine_->scheduler();
  unsigned used = 0, counted = 0;
  for (const auto& [id, attempt] : scheduler.attempts()) {
    counted += attempt.slots;
    if (const auto held = held_slots_.find(id); held != held_slots_.end() && !attempt.over) used += held->second;
  }
  require(scheduler.slots().used() == counted, "each slot that is counted belongs to an attempt");
  // Adopted attempts do not count here: a slot of one that was being cancelled had been given on already.
  require(used <= options_.slots + 1, "no more slots are taken than there are");
  for (const JobId& id : acknowledged_) {
    require(disk_.jobs.contains(id) || removed_.contains(id), "an acknowledged job exists until somebody deletes it");
  }
  for (const auto& [id, row] : disk_.jobs) {
    require(row.job.state != JobState::cancelled || scheduler.jobs().find(id) || !crew_.alive(id), "nothing of a cancelled job runs");
  }
}

void World::step() {
  switch (random_.below(20)) {
    case 0:
    case 1:
      return submit();
    case 2:
      return repeat();
    case 3:
      return random_.chance(50) ? cancel() : update();
    case 4:
      return random_.chance(50) ? retry() : remove();
    case 5:
      if (random_.chance(15)) kill_daemon();
      return;
    case 6: {
      const char* blender = random_.chance(50) ? "a" : "b";
      const auto proof = static_cast<ForkProof>(1 + random_.below(3));
      if (random_.chance(20)) engine_->apply(core::ProofChanged{blender, proofs_[blender] = proof, "it does not fork"}, now_);
      return;
    }
    case 7:
      if (random_.chance(10)) engine_->apply(core::MemoryShort{random_.chance(30)}, now_);
      if (random_.chance(10)) {
        const auto kind = engine_->scheduler().kinds().find({random_.chance(50) ? "a" : "b", {}});
        const auto isolation = random_.chance(50) ? core::Isolation::fork : core::Isolation::process;
        if (kind != 0) engine_->apply(core::KindFailed{kind, isolation, {core::Reason::blender_unavailable, "broken", "", {}, {}}}, now_);
      }
      return;
    case 8:
    case 9:
    case 10:
      return pass_time();
    case 11:
    case 12:
    case 13:
      if (disk_.behind()) engine_->on_durable(disk_.commit_one());
      return;
    case 14:
    case 15:
    case 16:
      crew_.deliver_one(*engine_, now_, true);
      return;
    default:
      return crew_.live_a_little(false);
  }
}

void World::calm_down() {
  for (const char* blender : {"a", "b"})
    engine_->apply(core::ProofChanged{blender, random_.chance(50) ? ForkProof::proven : ForkProof::refused, "it does not fork"}, now_);
  std::vector<JobId> held;
  for (const auto& [id, job] : engine_->scheduler().jobs().all()) held.push_back(id);
  for (const JobId& id : held) engine_->update({id, {}, false, {}, {}}, now_, [](Status) {});
  for (unsigned round = 0; engine_->scheduler().jobs().size() > 0 || !engine_->scheduler().attempts().empty() || disk_.behind(); ++round) {
    require(round < 2000, "when faults stop, every job ends");
    while (disk_.behind()) engine_->on_durable(disk_.commit_one());
    while (crew_.deliver_one(*engine_, now_, false)) {
    }
    for (std::size_t n = 0; n < 4 + crew_.workers.size(); ++n) crew_.live_a_little(true);
    if (round % 4 == 3) pass_time();
    check();
  }
  require(engine_->scheduler().slots().used() == 0, "all slots come back");
  for (const auto& [id, row] : disk_.jobs) require(ended(row.job.state), "every job ends on the disk, too");
  for (const auto& [id, row] : disk_.attempts) require(ended(row.state), "every attempt ends on the disk, too");
  for (unsigned ticks = 0; engine_->next_deadline(); ++ticks) {
    require(ticks < 100, "an idle daemon has no timer");
    now_.mono = std::max(now_.mono, *engine_->next_deadline());
    engine_->tick(now_);
  }
}

void World::run(unsigned steps) {
  for (unsigned n = 0; n < steps; ++n) {
    step();
    check();
  }
  calm_down();
}

unsigned World::jobs_ended() const {
  return static_cast<unsigned>(std::count_if(disk_.jobs.begin(), disk_.jobs.end(), [](const auto& entry) { return ended(entry.second.job.state); }));
}

}  // namespace offstage::scenario
