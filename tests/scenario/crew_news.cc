// SPDX-License-Identifier: Apache-2.0
//
// What the core is told of workers, and what is left of them when the daemon or the machine goes.
#include <algorithm>
#include <ostream>
#include <set>
#include <string>

#include "scenario/crew.h"
#include "scenario/tell.h"

namespace offstage::scenario {

using core::AttemptState;
using core::Reason;

void Crew::tell_core(const News& news, core::Engine& engine, Now now) {
  if (disk_.trace) *disk_.trace << "      news: " << tell(news) << '\n';
  std::visit([&](const auto& event) { engine.apply(event, now); }, news);
}

bool Crew::deliver(Worker& worker, core::Engine& engine, Now now, bool keep) {
  if (worker.news.empty()) return false;
  const News news = worker.news.front();
  if (!keep) worker.news.pop_front();
  if (!std::holds_alternative<core::WorkerIdle>(news) && old_news_.size() < 64) old_news_.push_back(news);  // nobody is idle again after its death
  tell_core(news, engine, now);
  return true;
}

bool Crew::deliver_one(core::Engine& engine, Now now) {
  if (workers.empty()) return false;
  auto at = workers.begin();
  std::advance(at, static_cast<long>(choice_.below(workers.size())));
  for (std::size_t n = 0; n < workers.size(); ++n, ++at) {
    if (at == workers.end()) at = workers.begin();
    if (at->second.linked || at->second.dead) {
      if (deliver(at->second, engine, now, choice_.chance(10))) return true;
    }
  }
  return false;
}

bool Crew::deliver_all(core::Engine& engine, Now now) {
  bool any = false;
  for (auto& [id, worker] : workers) {
    while (deliver(worker, engine, now)) any = true;
  }
  return any;
}

void Crew::repeat_old_news(core::Engine& engine, Now now) {
  if (old_news_.empty()) return;
  const News news = old_news_[choice_.below(old_news_.size())];
  tell_core(news, engine, now);
}

void Crew::lose_daemon() {
  wanted_.clear();
  old_news_.clear();
  for (auto& [id, worker] : workers) {
    while (!worker.orders.empty() && choice_.chance(50)) hear(worker);  // already on its way
    worker.orders.clear();
    worker.news.clear();
    worker.linked = true;
    if (!worker.went) worker.dead = true;  // it saw the connection close
  }
  std::erase_if(workers, [](const auto& entry) { return !entry.second.went; });
}

void Crew::lose_power() {
  for (auto& [id, worker] : workers) {
    worker.dead = true;
    if (worker.told && choice_.chance(50)) worker.told = false;  // its outcome was not on the disk yet
  }
}

void Crew::adopt(const std::vector<core::OpenAttempt>& open) {
  std::erase_if(workers, [&](const auto& entry) {  // what no open attempt explains is killed, before anything else
    return std::none_of(open.begin(), open.end(), [&](const auto& attempt) { return attempt.id == entry.first; });
  });
  for (const core::OpenAttempt& attempt : open) {
    Worker& worker = workers[attempt.id];
    if (worker.id.is_zero()) {  // nobody of that name lives
      worker.id = attempt.id;
      worker.job = attempt.job;
      worker.dead = true;
    }
    if (!worker.went) {
      worker.news.emplace_back(core::WorkerGone{attempt.id});
      continue;
    }
    if (worker.running) worker.news.emplace_back(core::AttemptStarted{attempt.id});
    if (worker.dead && !worker.told) worker.outcome = {AttemptState::failed, {choice_.chance(50) ? Reason::lost : Reason::crashed, "gone", "", {}, {}}, {}, {}};
    if (worker.dead || worker.told) say_end(worker);
    if (worker.dead) worker.news.emplace_back(core::AttemptGone{attempt.id, core::Exit{}});
  }
}

void Crew::check() const {
  std::set<std::string> seen;
  for (const auto& [id, worker] : workers) {
    if (worker.dead) continue;
    for (const std::string& gpu : worker.gpus) require(seen.insert(gpu).second, "no GPU is seen by two processes");
  }
  for (const auto& [id, worker] : workers) {
    if (worker.dead || !worker.went) continue;
    const auto row = disk_.attempts.find(id);
    require(row != disk_.attempts.end(), "what runs is on record, and a record goes after its processes");
    const core::AttemptWrite& attempt = row->second;
    require(attempt.state != AttemptState::cancelled, "CANCELLED is said of the dead only");
    const Reason why = attempt.failure.reason;
    require(attempt.state != AttemptState::failed || (why != Reason::timed_out && why != Reason::lost), "TIMED_OUT and LOST are said of the dead only");
    if (worker.told) continue;
    require(!ended(attempt.state), "an attempt that has ended runs no script");
    require(!ended(disk_.jobs.at(attempt.job).job.state), "a job that has ended runs no script");
    for (auto other = workers.upper_bound(id); other != workers.end(); ++other) {
      require(!other->second.runs_script() || other->second.job != worker.job, "a job runs once at a time");
    }
  }
}

}  // namespace offstage::scenario
