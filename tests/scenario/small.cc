// SPDX-License-Identifier: Apache-2.0
#include "scenario/small.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <ostream>

namespace offstage::scenario {
namespace {

using core::AttemptState;
using core::Reason;

constexpr std::size_t most_workers = 3;

core::SchedulerOptions options() {
  core::SchedulerOptions options;
  options.max_spares = 0;
  return options;
}

class Small {
 public:
  Small(const Plot& plot, Path& path, std::ostream* trace)
      : plot_(plot), path_(path), trace_(trace), world_(path, options(), trace), faults_(plot.faults), deviations_(plot.deviations) {
    order_ = {submitting, syncing, telling, spawning};
    for (std::size_t n = 0; n < most_workers; ++n) order_.insert(order_.end(), {first_worker + 2 * n, first_worker + 2 * n + 1});
  }

  void run() {
    while (act()) world_.check();
    path_.calm();
    if (trace_) *trace_ << "the faults stop\n";
    world_.calm_down();
  }

 private:
  // Actors: these, and for each worker it and its news.
  static constexpr std::size_t submitting = 0, syncing = 1, telling = 2, spawning = 3, first_worker = 4;

  /// False: nobody has anything to do, and nothing goes wrong.
  bool act() {
    std::vector<std::size_t> able;
    std::copy_if(order_.begin(), order_.end(), std::back_inserter(able), [&](std::size_t actor) { return can(actor); });
    std::vector<Fault> faults;
    if (deviations_ > 0) {
      std::copy_if(faults_.begin(), faults_.end(), std::back_inserter(faults), [&](Fault fault) { return can(fault); });
      faults.erase(std::unique(faults.begin(), faults.end()), faults.end());
    }
    const std::size_t calm = std::max<std::size_t>(1, deviations_ > 0 ? able.size() : 1);
    const std::size_t pick = path_.below(calm + faults.size());
    if (pick > 0) --deviations_;
    if (pick >= calm) {
      happen(faults[pick - calm]);
    } else if (able.empty()) {
      return false;
    } else {
      if (pick > 0) std::rotate(order_.begin(), std::find(order_.begin(), order_.end(), able[pick]), order_.end());
      take_turn(able[pick]);
    }
    return true;
  }

  Crew::Worker* worker(std::size_t actor) {
    const std::size_t n = (actor - first_worker) / 2;
    auto& workers = world_.crew().workers;
    return n < workers.size() ? &std::next(workers.begin(), static_cast<long>(n))->second : nullptr;
  }

  bool can(std::size_t actor) {
    switch (actor) {
      case submitting:
        return jobs_.size() < plot_.jobs;
      case syncing:
        return world_.disk().behind() > 0;
      case telling:
        return world_.untold();
      case spawning:
        return world_.crew().lacks_worker();
      default:
        break;
    }
    const Crew::Worker* w = worker(actor);
    if (!w) return false;
    const bool speaks = (actor - first_worker) % 2 == 1;
    return speaks ? !w->news.empty() : !w->dead && (!w->orders.empty() || w->went || w->told);
  }

  void take_turn(std::size_t actor) {
    if (trace_) *trace_ << "turn of " << actor << '\n';
    switch (actor) {
      case submitting:
        return submit();
      case syncing:
        return world_.commit(1);
      case telling:
        return void(world_.tell_durable());
      case spawning:
        return void(world_.crew().spawn());
      default:
        break;
    }
    Crew::Worker& w = *worker(actor);
    if ((actor - first_worker) % 2 == 1) return void(world_.deliver(w));
    if (!w.orders.empty()) return world_.crew().hear(w);
    if (w.told) return world_.crew().die(w);
    if (!w.running) return world_.crew().run(w);
    world_.crew().finish(w, w.flagged ? AttemptState::cancelled : AttemptState::succeeded);
  }

  void submit() {
    core::NewJob submit;
    core::Job& job = submit.job;
    job.id = path_.id<JobId>();
    job.isolation = core::Isolation::process;
    job.max_attempts = plot_.max_attempts;
    if (plot_.max_attempts > 1) job.retry_on = core::bit(Reason::crashed) | core::bit(Reason::timed_out) | core::bit(Reason::lost);
    if (plot_.timeouts) job.timeouts.run = std::chrono::seconds(4);
    submit.kind.blender = "a";
    submit.labels_json = "{}";
    submit.spec = std::make_shared<const std::string>("spec");
    jobs_.push_back(job.id);
    world_.submit({std::move(submit)});
  }

  Crew::Worker* script() {
    for (auto& [id, w] : world_.crew().workers) {
      if (w.runs_script()) return &w;
    }
    return nullptr;
  }
  Crew::Worker* alive() {
    for (auto& [id, w] : world_.crew().workers) {
      if (!w.dead) return &w;
    }
    return nullptr;
  }

  bool can(Fault fault) {
    switch (fault) {
      case Fault::kill_daemon:
      case Fault::cut_power:
        return true;
      case Fault::worker_dies:
        return alive() != nullptr;
      case Fault::script_fails:
        return script() != nullptr;
      case Fault::time:
        return world_.has_deadline();
      case Fault::fill_disk:
        return !world_.disk_low();
      case Fault::look_for_expired:
        return world_.jobs_ended() > 0;
      case Fault::expire:
        return world_.has_expired();
      case Fault::cancel:
      case Fault::retry:
      case Fault::remove:
      case Fault::repeat_submit:
        return !jobs_.empty();
    }
    return false;
  }

  void happen(Fault fault) {
    if (trace_) *trace_ << "fault " << static_cast<int>(fault) << '\n';
    faults_.erase(std::find(faults_.begin(), faults_.end(), fault));
    switch (fault) {
      case Fault::kill_daemon:
        return world_.kill_daemon();
      case Fault::cut_power:
        return world_.cut_power();
      case Fault::worker_dies:
        return world_.crew().die(*alive());
      case Fault::script_fails:
        return world_.crew().finish(*script(), AttemptState::failed, Reason::crashed);
      case Fault::time:
        return world_.to_next_deadline();
      case Fault::fill_disk:
        return world_.set_disk_low(true);
      case Fault::look_for_expired:
        return world_.look_for_expired(1);
      case Fault::expire:
        return world_.expire();
      case Fault::cancel:
        return world_.cancel(jobs_.front());
      case Fault::retry:
        return world_.retry(jobs_.front());
      case Fault::remove:
        return world_.remove(jobs_.front(), true);
      case Fault::repeat_submit:
        if (world_.submitted().contains(jobs_.front())) world_.repeat(jobs_.front(), false);
        return;
    }
  }

  const Plot& plot_;
  Path& path_;
  std::ostream* trace_;
  World world_;
  std::vector<std::size_t> order_;  // who goes first
  std::vector<Fault> faults_;       // that have not happened
  unsigned deviations_;             // left
  std::vector<JobId> jobs_;
};

}  // namespace

const std::vector<Plot>& plots() {
  using enum Fault;
  static const std::vector<Plot> all{
      {"kills", 1, 1, false, {kill_daemon, kill_daemon, worker_dies}, 3},
      {"power", 1, 2, false, {cut_power, kill_daemon}, 3},
      {"cancel", 1, 2, false, {cancel, kill_daemon, worker_dies, time}, 3},
      {"retries", 1, 2, true, {script_fails, kill_daemon, time, retry}, 3},
      {"removal", 1, 1, false, {remove, kill_daemon, repeat_submit, cancel}, 3},
      {"two_jobs", 2, 1, false, {kill_daemon, worker_dies, cancel}, 2},
      {"full_disk", 2, 1, false, {fill_disk, kill_daemon}, 2},
      {"expiry", 1, 1, false, {cancel, look_for_expired, retry, expire}, 4},
  };
  return all;
}

void live_through(const Plot& plot, Path& path, std::ostream* trace) { Small(plot, path, trace).run(); }

}  // namespace offstage::scenario
