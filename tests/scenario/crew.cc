// SPDX-License-Identifier: Apache-2.0
#include "scenario/crew.h"

#include <algorithm>

namespace offstage::scenario {

using core::AttemptState;
using core::Reason;

void Crew::prepare(const core::Assignment& assignment) {
  const auto found = workers.find(assignment.attempt);
  require(found != workers.end() && found->second.job.is_zero(), "a worker gets one attempt, and has said that it is idle");
  found->second.job = assignment.job;
  on_prepare(assignment);
}

void Crew::go(AttemptId attempt) {
  require(disk_.attempts.contains(attempt), "GO leaves when the attempt is durable");
  with(attempt, [](Worker& w) {
    require(!w.went, "GO is said once");
    w.went = true;
  });
}

void Crew::terminate(AttemptId attempt) {
  with(attempt, [&](Worker& w) {
    if (!random_.chance(30)) die(attempt, w);
  });
}

void Crew::kill(AttemptId attempt) {
  with(attempt, [&](Worker& w) { die(attempt, w); });
}

void Crew::forget(AttemptId attempt) {
  require(!disk_.attempts.contains(attempt), "a folder goes after its row");
  const auto found = workers.find(attempt);
  require(found == workers.end() || found->second.dead, "a folder goes after its worker");
}

void Crew::die(const AttemptId& id, Worker& worker) {
  worker.dead = true;
  if (!worker.went) {
    worker.news.emplace_back(core::WorkerGone{id});
    return;
  }
  if (!worker.told) worker.news.emplace_back(core::AttemptEnded{id, {AttemptState::failed, {Reason::crashed, "crashed", "", {}, {}}, {}, {}}, -1, ""});
  worker.told = true;
  worker.news.emplace_back(core::AttemptGone{id, core::Exit{}});
}

void Crew::tell_outcome(const AttemptId& id, Worker& worker, bool calm) {
  core::AttemptEnded ended{id, {AttemptState::succeeded, {}, "null", {}}, 1, ""};
  if (worker.flagged && random_.chance(70)) {
    ended.outcome = {AttemptState::cancelled, {}, {}, {}};
  } else if (!calm && random_.chance(30)) {
    ended.outcome = {AttemptState::failed, {random_.chance(50) ? Reason::script_error : Reason::exit_code, "failed", "", {}, {}}, {}, {}};
  }
  worker.news.emplace_back(ended);
  worker.told = true;
}

void Crew::start_missing() {
  for (const auto& [key, count] : wanted_) {
    const auto idle = std::count_if(workers.begin(), workers.end(), [&](const auto& entry) {
      const Worker& w = entry.second;
      return !w.dead && w.job.is_zero() && w.kind == key.first && w.isolation == key.second;
    });
    if (static_cast<unsigned>(idle) >= count) continue;
    const AttemptId id = random_.id<AttemptId>();
    Worker& worker = workers[id];
    worker.kind = key.first;
    worker.isolation = key.second;
    worker.news.emplace_back(core::WorkerIdle{id, key.first, key.second, {static_cast<std::int32_t>(workers.size()), 1}});
  }
}

void Crew::live_a_little(bool calm) {
  if (workers.empty() || random_.chance(40)) return start_missing();
  auto at = workers.begin();
  std::advance(at, static_cast<long>(random_.below(workers.size())));
  auto& [id, worker] = *at;
  if (worker.dead) {
    if (worker.news.empty()) workers.erase(at);
  } else if (!calm && random_.chance(8)) {
    die(id, worker);
  } else if (worker.went && !worker.running) {
    worker.running = true;
    if (calm || !random_.chance(10)) worker.news.emplace_back(core::AttemptStarted{id});  // a scene that cannot be opened ends without a first line
  } else if (worker.running && !worker.told) {
    if (random_.chance(30)) worker.news.emplace_back(core::AttemptProgressed{id});
    if (random_.chance(calm ? 80 : 25)) tell_outcome(id, worker, calm);
  } else if (worker.told && random_.chance(calm ? 90 : 50)) {
    die(id, worker);
  }
}

bool Crew::deliver_one(core::Engine& engine, Now now, bool twice_sometimes) {
  std::vector<AttemptId> talkers;
  for (const auto& [id, worker] : workers) {
    if (!worker.news.empty()) talkers.push_back(id);
  }
  if (talkers.empty()) return false;
  std::deque<News>& queue = workers.at(talkers[random_.below(talkers.size())]).news;
  const News news = queue.front();
  if (!twice_sometimes || !random_.chance(10)) queue.pop_front();
  std::visit([&](const auto& event) { engine.apply(event, now); }, news);
  return true;
}

void Crew::lose_daemon() {
  wanted_.clear();
  std::erase_if(workers, [](const auto& entry) { return !entry.second.went; });
  for (auto& [id, worker] : workers) worker.news.clear();
}

void Crew::adopt(const std::vector<core::OpenAttempt>& open) {
  for (const core::OpenAttempt& attempt : open) {
    const auto [at, fresh] = workers.try_emplace(attempt.id);
    Worker& worker = at->second;
    if (fresh) worker.dead = true;
    if (!worker.went) {
      worker.news.emplace_back(core::WorkerGone{attempt.id});
      continue;
    }
    if (worker.running) worker.news.emplace_back(core::AttemptStarted{attempt.id});
    if (worker.told || worker.dead) {
      worker.news.emplace_back(core::AttemptEnded{attempt.id, {AttemptState::succeeded, {}, "null", {}}, 1, ""});
      worker.told = true;
    }
    if (worker.dead) worker.news.emplace_back(core::AttemptGone{attempt.id, core::Exit{}});
  }
  std::erase_if(workers, [&](const auto& entry) {  // what no open attempt explains is killed
    return std::none_of(open.begin(), open.end(), [&](const auto& attempt) { return attempt.id == entry.first; });
  });
}

bool Crew::alive(const JobId& job) const {
  return std::any_of(workers.begin(), workers.end(),
                     [&](const auto& entry) { return entry.second.job == job && entry.second.went && !entry.second.told && !entry.second.dead; });
}

}  // namespace offstage::scenario
