// SPDX-License-Identifier: Apache-2.0
//
// A pool without processes: workers come, run, crash, hang and die at random; their news lags and is said twice.
//
// News of one worker keeps its order, as on a socket; between workers there is none.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "core/engine.h"
#include "scenario/disk.h"

namespace offstage::scenario {

class Crew : public core::PoolPort {
 public:
  using News = std::variant<core::WorkerIdle, core::WorkerGone, core::AttemptStarted, core::AttemptEnded, core::AttemptGone, core::AttemptProgressed>;

  struct Worker {
    core::KindId kind = 0;
    core::Isolation isolation = core::Isolation::process;
    JobId job;  // since PREPARE
    bool went = false, running = false, flagged = false, told = false, dead = false;
    std::deque<News> news;
  };

  Crew(Random& random, const Disk& disk) : random_(random), disk_(disk) {}

  void want(core::KindId kind, const core::Kind&, core::Isolation isolation, unsigned idle) override { wanted_[{kind, isolation}] = idle; }
  void prepare(const core::Assignment& assignment) override;
  void go(AttemptId attempt) override;
  void raise_flag(AttemptId attempt, int) override {
    with(attempt, [](Worker& w) { w.flagged = true; });
  }
  void terminate(AttemptId attempt) override;
  void kill(AttemptId attempt) override;
  void forget(AttemptId attempt) override;

  void live_a_little(bool calm);  ///< one of the workers, or a new one, does something
  bool deliver_one(core::Engine& engine, Now now, bool twice_sometimes);
  /// The daemon died: spares and what never got GO end; the rest goes on and is told of again.
  void lose_daemon();
  void adopt(const std::vector<core::OpenAttempt>& open);
  bool alive(const JobId& job) const;  ///< a script of this job runs

  std::function<void(const core::Assignment&)> on_prepare;
  std::map<AttemptId, Worker> workers;

 private:
  template <class F>
  void with(const AttemptId& attempt, F act) {
    if (const auto found = workers.find(attempt); found != workers.end() && !found->second.dead) act(found->second);
  }
  void start_missing();
  void die(const AttemptId& id, Worker& worker);
  void tell_outcome(const AttemptId& id, Worker& worker, bool calm);

  Random& random_;
  const Disk& disk_;
  std::map<std::pair<core::KindId, core::Isolation>, unsigned> wanted_;
};

}  // namespace offstage::scenario
