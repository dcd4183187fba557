// SPDX-License-Identifier: Apache-2.0
//
// The core strand's owner: takes requests and news, lets the Scheduler decide, hands changes to the store, and lets nothing leave before it is durable.
//
// The whole rule: replies, watches and GO leave only when their revision ≤ durable. PREPARE and want() do not wait, since they run nothing of the user's.
//
// Thread: every method and every reply runs on the core strand; callers post. Ports outlive the engine. A port may not call back from within its own call.
#pragma once

#include <deque>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/gate.h"
#include "core/ports.h"
#include "core/scheduler.h"

namespace offstage::core {

template <class T>
using Reply = std::function<void(Result<T>)>;

class Engine {
 public:
  Engine(const SchedulerOptions& options, CommitPort& store, PoolPort& pool, WatchPort& watch);

  // requests; errors are replied at once, successes when durable
  void create(std::vector<NewJob> jobs, Now now, Reply<std::vector<Job>> reply);
  void update(JobChange change, Now now, Reply<Done> reply);  ///< NOT_FOUND also for ended jobs, but for labels alone
  /// NOT_FOUND: not live (the caller looks into the store). `by`: who asks, for people.
  void cancel(JobId id, Now now, Reply<Done> reply, const std::string& by = {});
  void retry(StoredJob job, Now now, Reply<Done> reply);                                           ///< `job` as the store has it, failed or cancelled
  void remove(JobId id, std::vector<AttemptId> attempts, bool force, Now now, Reply<Done> reply);  ///< replies when the row is gone, and what ran is dead
  void expire(const std::vector<EndedJob>& jobs, Now now, Reply<Done> reply);  ///< ended ones; replies when the rows of those that went are gone
  /// Keeps a scene warm for `hold` and while it is used; replies when a worker waits on it, or with why none can be had.
  void warm(const Kind& kind, Micros hold, Now now, Reply<Done> reply);
  /// Lets go of those warm scenes; who waits for one is told so.
  void cool(const std::function<bool(const Kind&)>& which, Now now);
  void set_slots(unsigned slots, Now now);
  void set_draining(bool draining, Now now);

  // news
  template <class Event>
  void apply(const Event& event, Now now) {
    step(now, [&](Effects& out) { scheduler_.apply(event, now, out); });
  }
  void on_durable(Revision revision);
  void tick(Now now);                                                               ///< at next_deadline() or later
  std::optional<Mono> next_deadline() const { return scheduler_.next_deadline(); }  ///< in the past: at once. Ask again after each call

  // restart, before anything else; then the first step goes on from there
  void restore(Revision last, std::int64_t last_seq);
  void load(const StoredJob& job) { scheduler_.load(job); }  ///< each live one, by seq
  void adopt(const OpenAttempt& attempt, Now now);           ///< after load()

  const Scheduler& scheduler() const { return scheduler_; }
  Revision durable() const { return gate_.durable(); }
  /// How much it remembers of jobs that have not ended: nothing, when there are none.
  std::size_t entries() const { return scheduler_.entries() + gate_.size() + unseen_.size() + deleting_.size(); }

 private:
  template <class Decide>
  void step(Now now, Decide decide);
  void carry_out(Effects out);
  void obey(const Command& command);
  void reply_when_durable(Result<Revision> decided, Reply<Done> reply);
  void answer_warming();

  Scheduler scheduler_;
  CommitPort& store_;
  PoolPort& pool_;
  WatchPort& watch_;
  Gate gate_;
  std::deque<std::pair<Revision, JobId>> unseen_;                 // changes that watchers may not see yet
  std::unordered_map<JobId, std::vector<Reply<Done>>> deleting_;  // who waits for a job to be deleted
  std::vector<std::pair<KindId, Reply<Done>>> warming_;           // who waits for a warm scene
  Now now_;                                                       // of the last step
};

template <class Decide>
void Engine::step(Now now, Decide decide) {
  now_ = now;
  Effects out;
  out.store_full = store_.full();
  decide(out);
  carry_out(std::move(out));
  if (!warming_.empty()) answer_warming();
}

}  // namespace offstage::core
