// SPDX-License-Identifier: Apache-2.0
//
// One history: the real engine between a lagging disk, an unreliable crew and clients who ask for everything, with a daemon that is killed now and then.
//
// After each step it checks what the design promises; when the faults stop, every job must end.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "core/engine.h"
#include "scenario/crew.h"
#include "scenario/disk.h"
#include "scenario/random.h"

namespace offstage::scenario {

class World : public core::WatchPort {
 public:
  explicit World(std::uint64_t seed);
  /// Throws Broken.
  void run(unsigned steps);
  unsigned jobs_ended() const;

 private:
  void changed(std::span<const JobId> jobs, core::Revision durable) override;

  // what clients do (clients.cc)
  void submit();
  void repeat();
  void cancel();
  void update();
  void retry();
  void remove();
  core::NewJob a_job();
  JobId some_job();

  // what happens to the daemon
  void start_daemon();
  void kill_daemon();
  void pass_time();
  void step();
  void calm_down();

  // what must hold
  void check_prepare(const core::Assignment& assignment);
  void check();

  Random random_;
  Disk disk_;
  Crew crew_;
  core::SchedulerOptions options_;
  std::map<std::string, core::ForkProof> proofs_;
  Now now_{Mono(std::chrono::hours(1)), Wall(std::chrono::hours(400'000))};
  std::unique_ptr<core::Engine> engine_;
  std::map<JobId, core::NewJob> submitted_;
  std::set<JobId> acknowledged_, removed_;    // removed_: asked to be; its reply may still come, or never
  std::map<AttemptId, unsigned> held_slots_;  // by attempts whose end the engine has not been told
  core::Revision watched_ = 0;
};

}  // namespace offstage::scenario
