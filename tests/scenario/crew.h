// SPDX-License-Identifier: Apache-2.0
//
// A pool without processes: workers and their keepers come, run, crash, hang, lie, lose their connection and die; orders and news lag and are said twice.
//
// News of one worker keeps its order, as on a socket; between workers there is none. What the kernel tells (a process is gone) is late, but true.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/engine.h"
#include "scenario/disk.h"

namespace offstage::scenario {

class Crew : public core::PoolPort {
 public:
  using News = std::variant<core::WorkerIdle, core::WorkerGone, core::AttemptStarted, core::AttemptEnded, core::AttemptGone, core::AttemptProgressed>;
  enum class Order { go, flag, terminate, kill };

  struct Worker {
    AttemptId id;
    core::KindId kind = 0;
    core::Isolation isolation = core::Isolation::process;
    unsigned keeper = 0;
    JobId job;                                                           // since PREPARE
    core::Gpus gpus;                                                     // that it sees
    bool may_hang = false;                                               // some timeout would end it
    bool lied = false;                                                   // about its start
    bool lingers = false;                                                // after its outcome
    bool go_said = false;                                                // by the core
    bool went = false, running = false, flagged = false, stuck = false;  // the worker itself
    bool linked = true, told = false, dead = false;                      // told: the outcome is in its folder
    core::Outcome outcome;
    std::deque<Order> orders;
    std::deque<News> news;

    bool runs_script() const { return went && !told && !dead; }
  };

  Crew(Choice& choice, Disk& disk) : choice_(choice), disk_(disk) {}

  // what the core orders
  void want(core::KindId kind, const core::Kind&, core::Isolation isolation, unsigned idle) override { wanted_[{kind, isolation}] = idle; }
  void prepare(const core::Assignment& assignment) override;
  void go(AttemptId attempt) override;
  void raise_flag(AttemptId attempt, int) override { order(attempt, Order::flag); }
  void terminate(AttemptId attempt) override { order(attempt, Order::terminate); }
  void kill(AttemptId attempt) override { order(attempt, Order::kill); }
  void forget(AttemptId attempt) override;

  // what workers do
  bool lacks_worker() const;  ///< one is wanted and not there
  bool spawn();               ///< it comes; false: none is wanted
  bool retire();
  void hear(Worker& worker);
  void run(Worker& worker);
  void finish(Worker& worker, core::AttemptState how, core::Reason why = core::Reason::none);
  void refuse(Worker& worker);  ///< it got its assignment, and cannot take it
  void die(Worker& worker);
  void lose_keeper(unsigned keeper);
  void relink(Worker& worker);  ///< says again what it has said
  void lie(Worker& worker);     ///< what a script that has its socket might say
  bool live(Choice& choice);    ///< some worker does something; false: there is none
  bool calm_down();             ///< each worker goes on as it should; false: none had to

  // what the core is told
  bool deliver(Worker& worker, core::Engine& engine, Now now, bool keep = false);
  bool deliver_one(core::Engine& engine, Now now);
  bool deliver_all(core::Engine& engine, Now now);
  void repeat_old_news(core::Engine& engine, Now now);

  // the daemon is gone, and comes back
  void lose_daemon();
  void lose_power();
  void adopt(const std::vector<core::OpenAttempt>& open);

  void check() const;

  std::function<void(const core::Assignment&)> on_prepare;
  std::map<AttemptId, Worker> workers;
  unsigned mortality = 4;  ///< percent, each time that a worker lives

 private:
  using Want = std::pair<core::KindId, core::Isolation>;
  std::optional<Want> lacking() const;
  void tell_core(const News& news, core::Engine& engine, Now now);
  void order(AttemptId attempt, Order order);
  void obey(Worker& worker, Order order);
  void say_end(Worker& worker);
  void bury(const Worker& worker);  ///< nobody will ask for it again
  Worker* some(Choice& choice);

  Choice& choice_;
  Disk& disk_;
  std::map<Want, unsigned> wanted_;
  std::map<JobId, unsigned> times_gone_;  // how often user code of a job may have begun
  std::vector<News> old_news_;            // of this daemon's time
};

}  // namespace offstage::scenario
