// SPDX-License-Identifier: Apache-2.0
//
// The processes that are there, and how many there should be: lines of workers, each of one kind and isolation, with the keeper that makes them.
//
// want() says a level; refill() works towards it whenever something has changed: too few, and the keeper is asked (or started); too many for a second, and the
// surplus ends. A line whose starts fail three times in a row is reported, and tried again with growing pauses for as long as somebody wants it.
//
// Thread: the core strand.
#pragma once

#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "pool/catalog_store.h"
#include "pool/keeper.h"
#include "pool/worker.h"

namespace offstage::pool {

/// What the fleet tells beside what each worker tells its sink.
struct FleetEvents {
  std::function<void(Worker&, core::KindId)> idle;  ///< a spare for the core
  std::function<void(core::KindId, core::Isolation, const core::Failure&)> kind_failed;
  std::function<void(core::KindId, core::Isolation, std::int64_t bytes)> ready;
  std::function<void(Worker&)> over;
};

/// Wants one worker for itself, ahead of the core: the proof.
class Claim : public AttemptSink {
 public:
  virtual void claimed(std::shared_ptr<Worker> worker) = 0;
  /// It will get none. `unfit`: the zygote itself said that it must not fork.
  virtual void refused(const std::string& why, bool unfit) = 0;
};

class Fleet : public KeeperHost, public WorkerHost {
 public:
  Fleet(Context& context, CatalogStore& catalog, AttemptSink& core, FleetEvents events);
  ~Fleet() override;

  void want(core::KindId kind, const core::Kind& what, core::Isolation isolation, unsigned idle);
  void claim(const core::Kind& what, core::Isolation isolation, Claim& claim);
  void withdraw(Claim& claim);
  /// The catalogue is complete: lines that waited for it go on.
  void catalog_changed();
  std::shared_ptr<Worker> find(AttemptId id) const;
  /// A spare was given an attempt: another one takes its place, in a moment.
  void worker_taken(const Worker& worker);
  const std::unordered_map<AttemptId, std::shared_ptr<Worker>>& workers() const { return workers_; }
  void adopt(std::shared_ptr<Worker> worker) { workers_.emplace(worker->id, std::move(worker)); }
  /// Spares and keepers end; nothing new starts. `empty` is called when no keeper and no worker is left, or, without `kill_busy`, none that is not busy.
  void wind_down(bool kill_busy, std::function<void()> empty);
  std::vector<std::shared_ptr<KeeperFacts>> facts() const;  ///< any thread
  /// Processes that are to live: keepers and workers, and with them their descendants.
  std::vector<pid_t> processes() const;
  /// A keeper of an earlier daemon that still has an adopted worker.
  void keep(pid_t keeper) { old_keepers_.push_back(keeper); }

  // KeeperHost
  void keeper_ready(Keeper& keeper) override;
  void keeper_ended(Keeper& keeper, const std::string& why, const std::string& unfit) override;
  void worker_forked(AttemptId attempt, core::ProcessId process) override;
  void fork_failed(AttemptId attempt, const std::string& reason) override;
  void worker_exited(AttemptId attempt, const std::string& record_json) override;
  // WorkerHost
  void worker_idle(Worker& worker) override;
  void worker_started(Worker& worker) override;
  void worker_stale(Worker& worker, const std::string& file) override;
  void worker_dismissed(Worker& worker) override;
  void worker_over(Worker& worker, bool early) override;
  bool is_known(pid_t pid) const override;

 private:
  struct Line;
  using Key = std::pair<core::Kind, core::Isolation>;
  Line& line(const core::Kind& what, core::Isolation isolation);
  Line* line_of(const Worker& worker);
  Line* line_of(const Keeper& keeper);
  unsigned spares(const Line& line) const;
  void refill(Line& line);
  void stop_yielding(Line& line);
  void fork(Line& line, unsigned count);
  void start_keeper(Line& line);
  void drop_surplus(Line& line);
  void retire_when_idle(Line& line);
  void retire(Keeper& keeper);  ///< and its spares with it
  void failed(Line& line, const std::string& why, bool unfit);
  void report(Line& line, const std::string& why, bool unfit);
  void check_empty();
  /// Runs `then` on the strand after `delay`, unless the timer is used again or the fleet is gone.
  void after(asio::steady_timer& timer, std::chrono::milliseconds delay, std::function<void()> then);

  Context& context_;
  CatalogStore& catalog_;
  AttemptSink& core_;
  FleetEvents events_;
  std::map<Key, std::unique_ptr<Line>> lines_;
  std::unordered_map<AttemptId, std::shared_ptr<Worker>> workers_;
  std::vector<std::shared_ptr<Keeper>> keepers_;
  std::vector<pid_t> old_keepers_;
  bool winding_down_ = false, killing_ = false;
  std::function<void()> empty_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  mutable std::mutex facts_mutex_;
  std::vector<std::shared_ptr<KeeperFacts>> facts_;
};

}  // namespace offstage::pool
