// SPDX-License-Identifier: Apache-2.0
//
// Decides, and only decides: which job runs where, what a timeout or a dead worker means. Deterministic; no clock, no I/O, no log. See
// docs/design/scheduler.md.
//
// Each public method that takes Effects is one step: it applies its event and then settles, that is, gives free slots to jobs in order and says how many
// workers to keep. What it wants to happen is in Effects; news of attempts that are over is ignored (the attempt's id is the fence).
//
// Slots: `slots` jobs at a time and one more for interactive ones; a job with cpus = N takes N. Order: priority, then order of submit. A job at the head that
// needs more slots than are free holds back the ones behind it (no starvation); jobs that wait for a fork proof do not. A job that waits for GPUs holds
// back those behind it that want some, too, and no others; a GPU belongs to an attempt for as long as the attempt is known here.
//
// Thread: the core strand.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/attempt.h"
#include "core/effects.h"
#include "core/jobs.h"
#include "core/queue.h"
#include "core/recent.h"
#include "core/slots.h"
#include "core/specs.h"
#include "core/supply.h"
#include "core/timeouts.h"
#include "core/timers.h"

namespace offstage::core {

struct SchedulerOptions {
  unsigned slots = 1;
  std::uint64_t queue_length = 4'000'000;
  unsigned max_spares = 8;                       ///< per kind
  std::string default_blender;                   ///< kept warm before the first job; empty: none
  Micros spares_idle{std::chrono::minutes(10)};  ///< without demand for so long, no spare is kept
  std::int64_t warm_bytes = 0;                   ///< so much memory may the zygotes of warm scenes take together; 0: no limit
  Gpus gpus = {};                                ///< that may be handed out
};

class Scheduler {
 public:
  explicit Scheduler(const SchedulerOptions& options);

  // requests: the revision that must be durable before success is told (scheduler_requests.cc)
  Result<std::vector<Job>> create(std::vector<NewJob> jobs, Now now, Effects& out);
  Result<Revision> update(const JobChange& change, Now now, Effects& out);
  Result<Revision> cancel(JobId id, Now now, Effects& out, const std::string& by = {});
  Result<Revision> retry(const StoredJob& stored, Now now, Effects& out);
  /// Done when Effects::deleted names the job, in this step or a later one.
  Status remove(JobId id, const std::vector<AttemptId>& attempts, bool force, Now now, Effects& out);
  /// Deletes those that have not changed meanwhile. (scheduler_retention.cc)
  Revision expire(const std::vector<EndedJob>& jobs, Now now, Effects& out);
  /// A scene is kept warm; returns its kind.
  KindId keep_warm(const Kind& kind, Micros hold, Now now, Effects& out);
  void cool(const std::function<bool(const Kind&)>& which, Now now, Effects& out);
  void set_slots(unsigned slots, Now now, Effects& out);
  void set_draining(bool draining, Now now, Effects& out);
  /// Would create() take this job now? Also for validate_only.
  Status admits(const Job& job, const Kind& kind) const;

  // news (scheduler_news.cc)
  void apply(const WorkerIdle& news, Now now, Effects& out);
  void apply(const WorkerGone& news, Now now, Effects& out);
  void apply(const AttemptStarted& news, Now now, Effects& out);
  void apply(const AttemptEnded& news, Now now, Effects& out);
  void apply(const AttemptGone& news, Now now, Effects& out);
  void apply(const AttemptProgressed& news, Now now, Effects& out);
  void apply(const KindFailed& news, Now now, Effects& out);
  void apply(const KeeperReady& news, Now now, Effects& out);
  void apply(const ProofChanged& news, Now now, Effects& out);
  void apply(const MemoryShort& news, Now now, Effects& out);
  void apply(const DiskLow& news, Now now, Effects& out);
  void apply(const DefaultBlender& news, Now now, Effects& out);
  void durable(Revision revision) { specs_.durable(revision); }
  /// GO may leave: the attempt is alive and nobody has ordered its end. Counts as sent.
  bool take_go(AttemptId attempt);

  // time (scheduler_time.cc)
  void tick(Now now, Effects& out);
  std::optional<Mono> next_deadline() const;

  // restart (scheduler_restart.cc)
  void restore(Revision last, std::int64_t last_seq);
  void load(const StoredJob& stored);
  void adopt(const OpenAttempt& open, Now now);

  // looks
  const Kinds& kinds() const { return supply_.kinds(); }
  std::vector<Supply::Tripped> tripped(Mono now) const { return supply_.tripped(now); }  ///< breakers that are not closed
  Supply::Warmth warmth(KindId kind, Mono now) const { return supply_.warmth(kind, now); }
  const Slots& slots() const { return slots_; }
  const Gpus& gpus() const { return gpus_; }
  const JobTable& jobs() const { return jobs_; }
  const std::unordered_map<AttemptId, Attempt>& attempts() const { return attempts_; }
  bool stalled() const { return stalled_; }  ///< tick() when the store is no longer full
  bool draining() const { return draining_; }
  Revision last_revision() const { return last_; }
  /// In all tables but those of kinds and of jobs that have just ended (which are bounded): nothing, when there are no jobs.
  std::size_t entries() const;

 private:
  // scheduler.cc: rows
  void write(Job& job, Effects& out);  // as it is now
  void write(const Attempt& attempt, Effects& out, std::optional<Exit> exit = {});
  void erase_row(const JobId& id, Now now, Effects& out);
  Revision next_revision(Effects& out);

  // scheduler.cc: what becomes of a job
  void enqueue(Job& job, Now now);            // state and place; no row
  void dequeue(Job& job);                     // from wherever it waits
  void watch_queue(const Job& job, Now now);  // its queue timeout
  struct End {
    JobState state = JobState::failed;
    Failure failure = {};
    std::optional<Outcome> outcome = {};
    double progress = -1;
    std::string progress_message = {};
  };
  void end(Job& job, End how, Now now, Effects& out);                                 // the record is gone afterwards
  void conclude(Attempt& attempt, Job& job, Outcome outcome, Now now, Effects& out);  // ends or retries; writes the job's row, not the attempt's
  void stop(Attempt& attempt, Stop why, Micros grace, Now now, Effects& out);
  void release(Attempt& attempt, Now now);                                             // its slots; it is over
  void judge(const Attempt& attempt, Reason reason, const std::string& why, Now now);  // its kind, by how it ended (scheduler_news.cc)
  void drop(const AttemptId& attempt, Now now, Effects& out);                          // nothing of it is left
  bool has_attempt(const JobId& job) const;

  // scheduler_assign.cc
  void settle(Now now, Effects& out);
  void fail_refused(Now now, Effects& out);
  void assign(Now now, Effects& out);
  void start(Job& job, const WorkerIdle& worker, Gpus gpus, Now now, Effects& out);
  void keep_waiting(const std::vector<Job*>& waiting, Now now);  // for a worker: the start timeout runs
  Gpus free_gpus() const;
  bool may_keep_spares() const { return !memory_short_ && !draining_; }

  // scheduler_time.cc
  void watch(const Attempt& attempt);  // sets its next timeout
  void attempt_due(Attempt& attempt, Now now, Effects& out);
  void escalate(Attempt& attempt, Micros grace, Now now, Effects& out);
  Micros grace_of(const Attempt& attempt) const;

  std::uint64_t queue_length_;
  Gpus gpus_;
  Slots slots_;
  Supply supply_;
  JobTable jobs_;
  Queue queue_;
  RecentJobs recent_;
  FreshSpecs specs_;
  std::unordered_map<AttemptId, Attempt> attempts_;              // until nothing of them is left
  std::unordered_map<JobId, std::vector<AttemptId>> deletes_;    // jobs to delete when their last attempt is gone; folders to forget
  std::unordered_map<JobId, unsigned> misses_;                   // workers lost in a row before a line ran
  std::vector<JobId> loaded_;                                    // their queue timeouts are not watched yet
  std::unordered_set<JobId> orphans_;                            // loaded as RUNNING or CANCELLING, no attempt adopted yet
  Timers<JobId> queue_timers_, backoff_timers_, worker_timers_;  // worker_timers_: of jobs that keep slots for a worker to come
  std::map<JobId, Mono> waiting_since_;                          // … and since when
  Timers<AttemptId> attempt_timers_;
  Revision last_ = 0;
  std::int64_t last_seq_ = 0;
  bool draining_ = false, memory_short_ = false, disk_low_ = false;
  bool unsettled_ = false;  // there is more to do than one step did
  bool stalled_ = false;    // the store was full when something might have started
  Mono as_of_{};            // of the last step
};

}  // namespace offstage::core
