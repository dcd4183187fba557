// SPDX-License-Identifier: Apache-2.0
#include "core/engine.h"

#include <algorithm>
#include <memory>

#include "base/faults.h"

namespace offstage::core {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;  // clang 16 wants to be told

}  // namespace

Engine::Engine(const SchedulerOptions& options, CommitPort& store, PoolPort& pool, WatchPort& watch)
    : scheduler_(options), store_(store), pool_(pool), watch_(watch) {}

void Engine::carry_out(Effects out) {
  for (const Change& change : out.batch.changes) {
    std::visit(Overloaded{[&](const JobInsert& row) { unseen_.emplace_back(row.job.revision, row.job.id); },
                          [&](const JobUpdate& row) { unseen_.emplace_back(row.revision, row.id); },
                          [&](const LabelsUpdate& row) { unseen_.emplace_back(row.revision, row.id); },
                          [&](const JobDelete& row) {
                            if (!seeded_bug("hide_deletions")) unseen_.emplace_back(row.revision, row.id);
                          },
                          [](const AttemptWrite&) {}, [](const AttemptDelete&) {}, [](const FolderSize&) {}},
               change);
  }
  const Revision last = out.batch.revision;
  if (!out.batch.changes.empty()) store_.submit(std::move(out.batch));  // first: the disk is what takes longest
  for (Act& act : out.acts) {
    gate_.after(seeded_bug("go_before_commit") ? 0 : act.after, [this, command = std::move(act.command)] { obey(command); });
  }
  for (const JobId& id : out.deleted) {
    const auto waiting = deleting_.extract(id);
    if (!waiting) continue;
    for (const Reply<Done>& reply : waiting.mapped()) gate_.after(last, [reply] { reply(Done{}); });
  }
}

void Engine::obey(const Command& command) {
  std::visit(Overloaded{[&](const Want& c) { pool_.want(c.kind, scheduler_.kinds().at(c.kind), c.isolation, c.idle); },
                        [&](const Prepare& c) { pool_.prepare(c.assignment); },
                        [&](const Go& c) {
                          if (scheduler_.take_go(c.attempt)) pool_.go(c.attempt);
                        },
                        [&](const RaiseFlag& c) { pool_.raise_flag(c.attempt, c.why); }, [&](const Terminate& c) { pool_.terminate(c.attempt); },
                        [&](const Kill& c) { pool_.kill(c.attempt); }, [&](const Forget& c) { pool_.forget(c.attempt); }},
             command);
}

void Engine::reply_when_durable(Result<Revision> decided, Reply<Done> reply) {
  if (!decided) return reply(decided.error());
  gate_.after(seeded_bug("reply_before_commit") ? 0 : *decided, [reply = std::move(reply)] { reply(Done{}); });
}

void Engine::create(std::vector<NewJob> jobs, Now now, Reply<std::vector<Job>> reply) {
  Result<std::vector<Job>> made = std::vector<Job>{};
  step(now, [&](Effects& out) { made = scheduler_.create(std::move(jobs), now, out); });
  if (!made) return reply(std::move(made.error()));
  Revision last = 0;
  for (const Job& job : *made) last = std::max(last, job.revision);
  const auto shared = std::make_shared<std::vector<Job>>(std::move(*made));
  gate_.after(seeded_bug("reply_before_commit") ? 0 : last, [shared, reply = std::move(reply)] { reply(std::move(*shared)); });
}

void Engine::update(JobChange change, Now now, Reply<Done> reply) {
  Result<Revision> decided = Revision{0};
  step(now, [&](Effects& out) { decided = scheduler_.update(change, now, out); });
  reply_when_durable(std::move(decided), std::move(reply));
}

void Engine::cancel(JobId id, Now now, Reply<Done> reply, const std::string& by) {
  Result<Revision> decided = Revision{0};
  step(now, [&](Effects& out) { decided = scheduler_.cancel(id, now, out, by); });
  reply_when_durable(std::move(decided), std::move(reply));
}

void Engine::retry(StoredJob job, Now now, Reply<Done> reply) {
  Result<Revision> decided = Revision{0};
  step(now, [&](Effects& out) { decided = scheduler_.retry(job, now, out); });
  reply_when_durable(std::move(decided), std::move(reply));
}

void Engine::remove(JobId id, std::vector<AttemptId> attempts, bool force, Now now, Reply<Done> reply) {
  step(now, [&](Effects& out) {
    const Status begun = scheduler_.remove(id, attempts, force, now, out);
    if (!begun) return reply(begun.error());
    deleting_[id].push_back(std::move(reply));
  });
}

void Engine::expire(const std::vector<EndedJob>& jobs, Now now, Reply<Done> reply) {
  Revision last = 0;
  step(now, [&](Effects& out) { last = scheduler_.expire(jobs, now, out); });
  reply_when_durable(last, std::move(reply));
}

void Engine::warm(const Kind& kind, Micros hold, Now now, Reply<Done> reply) {
  step(now, [&](Effects& out) { warming_.emplace_back(scheduler_.keep_warm(kind, hold, now, out), std::move(reply)); });
}

void Engine::cool(const std::function<bool(const Kind&)>& which, Now now) {
  step(now, [&](Effects& out) { scheduler_.cool(which, now, out); });
}

void Engine::answer_warming() {
  std::vector<std::pair<Result<Done>, Reply<Done>>> answers;
  std::erase_if(warming_, [&](auto& waiting) {
    const Supply::Warmth warmth = scheduler_.warmth(waiting.first, now_.mono);
    if (!warmth.ready && warmth.unfit.empty() && !scheduler_.draining()) return false;
    Result<Done> answer = Done{};
    if (scheduler_.draining()) {
      answer = Error{Code::unavailable, "DRAINING", "the daemon is draining: it keeps no scene warm", "try again when it takes jobs again", ""};
    } else if (!warmth.ready) {
      answer = Error{Code::failed_precondition, "SCENE_NOT_WARM", "the scene cannot be kept warm: " + warmth.unfit,
                     "jobs on it run all the same, each opens the scene by itself", ""};
    }
    answers.emplace_back(std::move(answer), std::move(waiting.second));
    return true;
  });
  for (auto& [answer, reply] : answers) reply(std::move(answer));
}

void Engine::set_slots(unsigned slots, Now now) {
  step(now, [&](Effects& out) { scheduler_.set_slots(slots, now, out); });
}

void Engine::set_draining(bool draining, Now now) {
  step(now, [&](Effects& out) { scheduler_.set_draining(draining, now, out); });
}

void Engine::on_durable(Revision revision) {
  scheduler_.durable(revision);
  const Revision durable = std::max(revision, gate_.durable());
  std::vector<JobId> changed;
  for (; !unseen_.empty() && unseen_.front().first <= durable; unseen_.pop_front()) changed.push_back(unseen_.front().second);
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  if (!changed.empty()) watch_.changed(changed, durable);  // before the replies: who was told of his job finds it in a snapshot
  gate_.open(revision);
  if (scheduler_.stalled() && !store_.full() && !seeded_bug("lose_wakeup")) tick(now_);
}

void Engine::tick(Now now) {
  step(now, [&](Effects& out) { scheduler_.tick(now, out); });
}

void Engine::restore(Revision last, std::int64_t last_seq) {
  scheduler_.restore(last, last_seq);
  gate_.open(last);
}

void Engine::adopt(const OpenAttempt& attempt, Now now) { scheduler_.adopt(attempt, now); }

}  // namespace offstage::core
