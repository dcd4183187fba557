// SPDX-License-Identifier: Apache-2.0
//
// One world: the real engine between a lagging disk, an unreliable crew, watchers, and clients who ask for everything, under a daemon that dies.
//
// It knows no time but what it is told. Whatever can happen is a method; who calls them makes the history: by chance (history.h), or all there are (small.h).
// After each of them, check(); at the end calm_down(), after which every job must have ended and nothing be left. All throw Broken.
#pragma once

#include <deque>
#include <iosfwd>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/engine.h"
#include "scenario/broken.h"
#include "scenario/choice.h"
#include "scenario/crew.h"
#include "scenario/disk.h"
#include "scenario/watcher.h"

namespace offstage::scenario {

class World : public core::WatchPort {
 public:
  /// `trace`: where to tell what happens, or null.
  World(Choice& choice, const core::SchedulerOptions& options, std::ostream* trace = nullptr);

  // what clients ask for, and what each reply promises (clients.cc)
  void submit(std::vector<core::NewJob> jobs);
  void repeat(const JobId& id, bool other_body);
  void cancel(const JobId& id);
  void update(const core::JobChange& change);
  void retry(const JobId& id);
  void remove(const JobId& id, bool force);
  void watch(std::size_t most) { wanderer_.read(disk_, most); }
  void mark() { bookmark_ = wanderer_; }
  void resume() { wanderer_ = bookmark_; }

  // what goes by itself: a look into the store, and, whatever happened meanwhile, what the core makes of it
  void look_for_expired(std::size_t most);
  void expire();

  // what happens to the daemon
  void commit(std::size_t batches);  ///< the disk has synced; the daemon does not know yet
  bool tell_durable();
  void kill_daemon();
  void cut_power();
  void pass_time(Micros time);
  void to_next_deadline();
  void set_clock(Micros by);
  void set_slots(unsigned slots);
  void set_draining(bool draining);
  void set_disk_low(bool low);
  template <class Event>
  void apply(const Event& event) {
    engine_->apply(event, now_);
  }
  void prove(const std::string& blender, core::ForkProof proof);
  bool deliver_one() { return crew_.deliver_one(*engine_, now_); }
  bool deliver(Crew::Worker& worker) { return crew_.deliver(worker, *engine_, now_); }
  void repeat_old_news() { crew_.repeat_old_news(*engine_, now_); }

  void check();
  void calm_down();

  const core::Scheduler& scheduler() const { return engine_->scheduler(); }
  Crew& crew() { return crew_; }
  const Disk& disk() const { return disk_; }
  const std::map<JobId, core::NewJob>& submitted() const { return submitted_; }
  bool disk_low() const { return disk_low_; }
  bool has_expired() const { return !expired_.empty(); }
  bool has_deadline() const { return engine_->next_deadline().has_value(); }
  bool untold() const { return !notices_.empty(); }
  unsigned jobs_ended() const;

 private:
  void changed(std::span<const JobId> jobs, core::Revision durable) override;
  void start_daemon();
  void check_prepare(const core::Assignment& assignment);
  void check_order(const core::Job& started);
  void drain_the_low_disk();
  bool go_on();
  void check_end();
  template <class T>
  core::Reply<T> once(core::Reply<T> reply);  ///< counts it, and that it comes once

  Choice& choice_;
  Disk disk_;
  Crew crew_;
  core::SchedulerOptions options_;
  unsigned slots_;
  bool disk_low_ = false;
  std::map<std::string, core::ForkProof> proofs_;
  Now now_{Mono(std::chrono::hours(1)), Wall(std::chrono::hours(400'000))};
  std::unique_ptr<core::Engine> engine_;
  std::deque<core::Revision> notices_;  // durable, and the daemon has not heard
  std::map<JobId, core::NewJob> submitted_;
  std::set<JobId> acknowledged_, retried_, gone_;  // gone_: their deletion is acknowledged
  std::vector<core::EndedJob> expired_;            // as the store had them
  std::map<AttemptId, unsigned> held_slots_;
  Watcher told_, wanderer_, bookmark_;
  core::Revision told_of_ = 0;
  std::size_t unanswered_ = 0;  // requests to this daemon
};

template <class T>
core::Reply<T> World::once(core::Reply<T> reply) {
  ++unanswered_;
  return [this, reply = std::move(reply), answered = std::make_shared<bool>(false)](const Result<T>& result) {
    require(!std::exchange(*answered, true), "a request gets one answer");
    --unanswered_;
    reply(result);
  };
}

}  // namespace offstage::scenario
