// SPDX-License-Identifier: Apache-2.0
//
// An engine among fakes, with a clock that stands still until told: the setting of the scheduler's tests.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/engine.h"
#include "support/fake_ports.h"

namespace offstage::fakes {

using namespace std::chrono_literals;

inline JobId job_id(std::uint8_t n) {
  JobId id;
  id.bytes[0] = n;
  return id;
}
inline AttemptId attempt_id(std::uint8_t n) {
  AttemptId id;
  id.bytes[0] = n;
  return id;
}

inline core::SchedulerOptions no_spares(unsigned slots) {
  core::SchedulerOptions options;
  options.slots = slots;
  options.max_spares = 0;
  return options;
}

struct Stage {
  explicit Stage(const core::SchedulerOptions& options) : engine(options, store, pool, watch) {}

  static core::NewJob a_job(std::uint8_t n) {
    core::NewJob job;
    job.job.id = job_id(n);
    job.job.isolation = core::Isolation::process;
    job.kind.blender = "b";
    job.labels_json = "{}";
    job.spec = std::make_shared<const std::string>("spec " + std::to_string(n));
    return job;
  }

  void pass(Micros time) {
    now.mono += time;
    now.wall += time;
  }
  void tick_after(Micros time) {
    pass(time);
    engine.tick(now);
  }

  /// Submits; the error's reason, "" once the reply says yes, "pending" before.
  std::shared_ptr<std::string> submit(std::vector<core::NewJob> jobs) {
    auto reply = std::make_shared<std::string>("pending");
    engine.create(std::move(jobs), now, [reply, this](Result<std::vector<core::Job>> r) {
      *reply = r ? "" : r.error().reason;
      if (r) made = *r;
    });
    return reply;
  }
  std::shared_ptr<std::string> submit(core::NewJob job) { return submit(std::vector<core::NewJob>{std::move(job)}); }
  core::Reply<Done> note(const std::shared_ptr<std::string>& to) {
    return [to](Status r) { *to = r ? "" : r.error().reason; };
  }
  std::shared_ptr<std::string> cancel(std::uint8_t n, const std::string& by = {}) {
    auto reply = std::make_shared<std::string>("pending");
    engine.cancel(job_id(n), now, note(reply), by);
    return reply;
  }

  void commit() {
    if (!store.batches.empty()) engine.on_durable(store.batches.back().revision);
  }
  core::KindId kind() { return engine.scheduler().kinds().find({"b", {}}); }
  void idle(std::uint8_t n, core::Isolation isolation = core::Isolation::process) {
    engine.apply(core::WorkerIdle{attempt_id(n), kind(), isolation, {n, n}}, now);
  }
  void started(std::uint8_t n) { engine.apply(core::AttemptStarted{attempt_id(n)}, now); }
  void succeeded(std::uint8_t n) { engine.apply(core::AttemptEnded{attempt_id(n), {core::AttemptState::succeeded, {}, "1", {}}, 1, ""}, now); }
  void failed(std::uint8_t n, core::Reason reason) {
    engine.apply(core::AttemptEnded{attempt_id(n), {core::AttemptState::failed, {reason, "it failed", "", {}, {}}, {}, {}}, -1, ""}, now);
  }
  void gone(std::uint8_t n) { engine.apply(core::AttemptGone{attempt_id(n), core::Exit{}}, now); }
  void prove(core::ForkProof proof, std::string reason = "") { engine.apply(core::ProofChanged{"b", proof, std::move(reason)}, now); }

  /// The newest row written of a job, if it is an update.
  std::optional<core::JobUpdate> row(std::uint8_t n) const {
    std::optional<core::JobUpdate> newest;
    for (const auto& batch : store.batches) {
      for (const auto& change : batch.changes) {
        if (const auto* update = std::get_if<core::JobUpdate>(&change); update && update->id == job_id(n)) newest = *update;
      }
    }
    return newest;
  }
  core::JobState state(std::uint8_t n) const {
    if (const core::Job* live = engine.scheduler().jobs().find(job_id(n))) return live->state;
    const auto newest = row(n);
    return newest ? newest->state : core::JobState::unspecified;
  }

  Store store;
  Pool pool;
  Watch watch;
  core::Engine engine;
  std::vector<core::Job> made;
  Now now{Mono(1000s), Wall(2'000'000'000s)};
};

}  // namespace offstage::fakes
