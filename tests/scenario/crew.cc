// SPDX-License-Identifier: Apache-2.0
#include "scenario/crew.h"

#include <algorithm>
#include <ostream>
#include <tuple>

#include "scenario/tell.h"

namespace offstage::scenario {

using core::AttemptState;
using core::Reason;

void Crew::prepare(const core::Assignment& assignment) {
  const auto found = workers.find(assignment.attempt);
  require(found != workers.end() && found->second.job.is_zero(), "a worker gets one attempt, and has said that it is idle");
  if (disk_.trace) *disk_.trace << "      prepare " << brief(assignment.attempt) << " for " << brief(assignment.job) << '\n';
  found->second.job = assignment.job;
  found->second.gpus = assignment.gpus;
  found->second.may_hang = assignment.run_timeout != Micros{0} || assignment.watch_progress;
  on_prepare(assignment);
}

void Crew::go(AttemptId attempt) {
  const auto row = disk_.attempts.find(attempt);
  require(row != disk_.attempts.end(), "no user code before its record is durable");
  if (const auto found = workers.find(attempt); found != workers.end()) {
    require(!found->second.go_said, "GO is said once");
    require(found->second.job == row->second.job, "GO is for the job that was prepared");
    found->second.go_said = true;
  }
  order(attempt, Order::go);
}

void Crew::forget(AttemptId attempt) {
  require(!disk_.attempts.contains(attempt), "a folder goes after its row");
  const auto found = workers.find(attempt);
  require(found == workers.end() || found->second.dead, "a folder goes after its worker");
}

void Crew::order(AttemptId attempt, Order order) {
  if (const auto found = workers.find(attempt); found != workers.end() && !found->second.dead) found->second.orders.push_back(order);
}

void Crew::hear(Worker& worker) {
  if (worker.orders.empty()) return;
  const Order order = worker.orders.front();
  worker.orders.pop_front();
  obey(worker, order);
}

void Crew::obey(Worker& worker, Order order) {
  if (disk_.trace) *disk_.trace << "      worker " << brief(worker.id) << " hears " << tell(order) << '\n';
  switch (order) {
    case Order::go:
      if (worker.told || worker.went) return;  // it could not take the assignment
      worker.went = true;
      require(++times_gone_[worker.job] <= disk_.jobs.at(worker.job).job.attempts, "user code begins no more often than attempts are recorded");
      return;
    case Order::flag:
      worker.flagged = true;
      return;
    case Order::terminate:
      if (!choice_.chance(30)) die(worker);
      return;
    case Order::kill:
      return die(worker);
  }
}

std::optional<Crew::Want> Crew::lacking() const {
  for (const auto& [key, count] : wanted_) {
    const auto idle = std::count_if(workers.begin(), workers.end(), [&](const auto& entry) {
      const Worker& w = entry.second;
      return !w.dead && w.job.is_zero() && w.kind == key.first && w.isolation == key.second;
    });
    if (static_cast<unsigned>(idle) < count) return key;
  }
  return std::nullopt;
}

bool Crew::lacks_worker() const { return lacking().has_value(); }

bool Crew::spawn() {
  const auto kind = lacking();
  if (!kind) return false;
  const AttemptId id = choice_.id<AttemptId>();
  Worker& worker = workers[id];
  worker.id = id;
  std::tie(worker.kind, worker.isolation) = *kind;
  worker.keeper = worker.kind * 4 + static_cast<unsigned>(worker.isolation);
  worker.news.emplace_back(core::WorkerIdle{id, worker.kind, worker.isolation, {static_cast<std::int32_t>(workers.size()), 1}});
  return true;
}

bool Crew::retire() {
  for (const auto& [key, count] : wanted_) {
    unsigned idle = 0;
    for (auto& [id, w] : workers) {
      if (w.dead || !w.job.is_zero() || w.kind != key.first || w.isolation != key.second || ++idle <= count) continue;
      die(w);
      return true;
    }
  }
  return false;
}

void Crew::run(Worker& worker) {
  worker.running = true;
  worker.news.emplace_back(core::AttemptStarted{worker.id});
}

void Crew::finish(Worker& worker, AttemptState how, Reason why) {
  worker.lingers = choice_.chance(40);
  worker.outcome = {how, {why, why == Reason::none ? "" : "it went wrong", "", {}, {}}, {}, {}};
  if (how == AttemptState::succeeded) {
    worker.outcome.value_json = std::to_string(choice_.noise());
    disk_.results[worker.id] = worker.outcome.value_json;
  }
  say_end(worker);
}

void Crew::say_end(Worker& worker) {
  worker.told = true;
  worker.news.emplace_back(core::AttemptEnded{worker.id, worker.outcome, 1, ""});
}

void Crew::refuse(Worker& worker) {
  finish(worker, AttemptState::failed, Reason::disk_full);
  worker.dead = true;
  worker.orders.clear();
  worker.news.emplace_back(core::AttemptGone{worker.id, core::Exit{}});
}

void Crew::die(Worker& worker) {
  if (worker.dead) return;
  worker.dead = true;
  worker.orders.clear();
  if (!worker.went && !worker.told) {
    worker.news.emplace_back(core::WorkerGone{worker.id});
    return;
  }
  if (!worker.told) finish(worker, AttemptState::failed, Reason::crashed);
  worker.news.emplace_back(core::AttemptGone{worker.id, core::Exit{}});
}

void Crew::bury(const Worker& worker) {
  const auto row = disk_.attempts.find(worker.id);
  const bool open = row != disk_.attempts.end() && !ended(row->second.state);  // a restart would look into its folder
  if (worker.news.empty() && !open) workers.erase(worker.id);
}

void Crew::lose_keeper(unsigned keeper) {
  for (auto& [id, worker] : workers) {
    if (worker.keeper == keeper && !worker.dead && (worker.job.is_zero() || choice_.chance(30))) die(worker);
  }
}

void Crew::relink(Worker& worker) {
  worker.linked = true;
  if (worker.dead) return;
  if (worker.job.is_zero()) worker.news.emplace_back(core::WorkerIdle{worker.id, worker.kind, worker.isolation, {1, 1}});
  if (worker.running) worker.news.emplace_back(core::AttemptStarted{worker.id});
  if (worker.told) say_end(worker);
}

void Crew::lie(Worker& worker) {
  if (worker.dead) return;
  switch (choice_.below(4)) {
    case 0:
      worker.lied = true;
      worker.stuck = worker.stuck && worker.may_hang;
      return void(worker.news.emplace_back(core::AttemptStarted{worker.id}));
    case 1:
      return void(worker.news.emplace_back(core::AttemptProgressed{worker.id}));
    case 2:
      return void(worker.news.emplace_back(core::WorkerIdle{worker.id, worker.kind, worker.isolation, {1, 1}}));
    case 3:  // a second outcome: the first file stays, but let the core see it
      if (worker.told) worker.news.emplace_back(core::AttemptEnded{worker.id, {AttemptState::succeeded, {}, "a lie", {}}, 1, ""});
      return;
  }
}

Crew::Worker* Crew::some(Choice& choice) {
  if (workers.empty()) return nullptr;
  auto at = workers.begin();
  std::advance(at, static_cast<long>(choice.below(workers.size())));
  return &at->second;
}

bool Crew::live(Choice& choice) {
  Worker* worker = some(choice);
  if (!worker || choice.chance(25)) return spawn();
  if (worker->dead) {
    bury(*worker);
    return true;
  }
  if (choice.chance(mortality)) return die(*worker), true;
  if (!worker->linked) {
    if (choice.chance(50)) relink(*worker);
  } else if (choice.chance(5)) {
    worker->linked = false;
    return true;
  }
  if (!worker->orders.empty() && (worker->linked || worker->orders.front() == Order::kill)) {
    hear(*worker);
  } else if (worker->went && !worker->running && !worker->told) {
    if (!worker->lied && choice.chance(5)) worker->stuck = true;  // until the start timeout; who lies about its start has none
    if (choice.chance(10)) return finish(*worker, AttemptState::failed, Reason::scene_unreadable), true;
    if (!worker->stuck) run(*worker);
  } else if (worker->runs_script()) {
    if (worker->may_hang && choice.chance(10)) worker->stuck = true;
    if (worker->stuck) return true;
    if (choice.chance(30)) worker->news.emplace_back(core::AttemptProgressed{worker->id});
    if (!choice.chance(30)) return true;
    if (choice.chance(worker->flagged ? 60 : 12)) {  // a script may say so by itself
      finish(*worker, AttemptState::cancelled);
    } else if (choice.chance(30)) {
      finish(*worker, AttemptState::failed, choice.chance(50) ? Reason::script_error : Reason::exit_code);
    } else {
      finish(*worker, AttemptState::succeeded);
    }
  } else if (worker->told && choice.chance(worker->lingers ? 4 : 50)) {
    die(*worker);
  } else if (worker->told && choice.chance(25)) {
    say_end(*worker);  // twice
  } else if (!worker->job.is_zero() && !worker->went && choice.chance(1)) {
    refuse(*worker);
  } else if (choice.chance(20)) {
    return retire();
  }
  return true;
}

bool Crew::calm_down() {
  bool busy = spawn();
  busy = retire() || busy;
  for (auto at = workers.begin(); at != workers.end();) {
    Worker& worker = (at++)->second;
    if (worker.dead) {
      bury(worker);
      continue;
    }
    busy = busy || !worker.linked || !worker.orders.empty();
    if (!worker.linked) relink(worker);
    while (!worker.orders.empty()) hear(worker);
    if (worker.dead || worker.stuck) continue;  // who is stuck ends by a timeout
    if (worker.went && !worker.running && !worker.told) {
      run(worker);
    } else if (worker.runs_script()) {
      finish(worker, AttemptState::succeeded);
    } else if (worker.told && !worker.may_hang) {  // some never end by themselves
      die(worker);
    } else {
      continue;
    }
    busy = true;
  }
  return busy;
}

}  // namespace offstage::scenario
