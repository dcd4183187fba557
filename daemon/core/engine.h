// SPDX-License-Identifier: Apache-2.0
//
// The core strand's owner: takes requests and news, lets the Scheduler decide, hands changes to the store, and lets nothing leave before it is durable.
//
// The whole rule: replies, watches and GO leave only when their revision ≤ durable. PREPARE and want() do not wait, since they run nothing of the user's.
//
// Thread: every method and every reply runs on the core strand; callers post. Ports outlive the engine.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "core/ports.h"
#include "core/scheduler.h"

namespace offstage::core {

template <class T>
using Reply = std::function<void(Result<T>)>;

class Engine {
 public:
  Engine(SchedulerOptions options, CommitPort& store, PoolPort& pool, WatchPort& watch);

  // requests; errors are replied at once, successes when durable
  void create(std::vector<NewJob> jobs, Now now, Reply<std::vector<Job>> reply);
  void update(JobChange change, Now now, Reply<Done> reply);                              ///< NOT_FOUND also for ended jobs, but for labels alone
  void cancel(JobId id, Now now, Reply<Done> reply);                                      ///< NOT_FOUND: not live (the caller looks into the store)
  void retry(StoredJob job, Now now, Reply<Done> reply);                                  ///< `job` as the store has it, failed or cancelled
  void remove(JobId id, std::vector<AttemptId> attempts, bool force, Now now, Reply<Done> reply);
  void set_slots(unsigned slots, Now now);
  void set_draining(bool draining, Now now);

  // news
  template <class Event>
  void apply(const Event& event, Now now) { step([&](Effects& out) { scheduler_.apply(event, now, out); }); }
  void on_durable(Revision revision);
  void tick(Now now);                                   ///< at next_deadline() or later
  std::optional<Mono> next_deadline() const;

  // restart, before anything else
  void restore(Revision last, std::int64_t last_seq);
  void load(StoredJob job);                             ///< each live one, by seq
  void adopt(const OpenAttempt& attempt, Now now);      ///< after load()

  const Scheduler& scheduler() const { return scheduler_; }
  Revision durable() const { return durable_; }

 private:
  void step(const std::function<void(Effects&)>& decide);
  // …
  Scheduler scheduler_;
  CommitPort& store_;
  PoolPort& pool_;
  WatchPort& watch_;
  Revision durable_ = 0;
};

}  // namespace offstage::core
