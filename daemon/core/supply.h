// SPDX-License-Identifier: Apache-2.0
//
// The workers that could take a job, by kind and isolation: which are idle, how many are to be kept ready, and what AUTO means now.
//
// AUTO is FORK where the installation has proven that it forks and the kind's breaker is closed (core/breaker.h); otherwise PROCESS. An idle cold worker is as
// pristine as a forked one, so an AUTO job takes it rather than wait for a fork. When a trial is due, the next AUTO job asks for one forked spare and starts
// cold; the first one that finds the spare idle is the trial.
//
// A job on a scene may be run by any pristine worker, which opens the scene itself, or by one of the scene's own kind, which was forked from a Blender that has
// it open: a warm scene. The first job on a scene takes a pristine worker; from the second within a while on, the scene has a zygote, and its jobs wait for
// that. Scenes that were not used for the longest cool down when all of them take more memory than they may. Only forks are kept warm.
//
// Thread: the core strand.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/breaker.h"
#include "core/effects.h"
#include "core/kinds.h"
#include "core/spares.h"

namespace offstage::core {

class Supply {
 public:
  struct Proof {
    ForkProof state = ForkProof::pending;
    std::string reason;
  };

  Supply(SparesPolicy spares, std::string default_blender, std::int64_t warm_bytes = 0)
      : spares_(spares), default_blender_(std::move(default_blender)), warm_bytes_(warm_bytes) {}

  // the kinds and their proofs
  Kinds& kinds() { return kinds_; }
  const Kinds& kinds() const { return kinds_; }
  const Proof& proof(const std::string& blender) const;  ///< pending, if nothing is known
  void set_proof(const ProofChanged& news, Mono now);
  void set_default(std::string blender, Mono now);  ///< keeps this one warm
  /// What a job gets: fork or process. Nothing: it waits for the proof, or will never get one (proof() tells).
  std::optional<Isolation> resolve(KindId kind, Isolation asked, Mono now) const;

  // idle workers
  void idle(const WorkerIdle& worker);
  bool gone(AttemptId worker);  ///< false: none of the idle ones
  std::size_t idle() const { return where_.size(); }
  std::optional<WorkerIdle> take(KindId kind, Isolation isolation, bool automatic, Mono now);

  // warm scenes
  /// The kind of worker that a job of `kind` waits for.
  KindId source(KindId kind, Isolation isolation, Mono now) const;
  void keep_warm(KindId kind, Micros hold, Mono now);  ///< for `hold` and for as long as it is used
  void cool(const std::function<bool(const Kind&)>& which);
  void measured(KindId kind, Isolation isolation, std::int64_t bytes, Mono now);  ///< what its zygote takes
  struct Warmth {
    bool ready = false;  ///< a worker is idle
    std::string unfit;   ///< why it cannot be had; empty: it can
  };
  Warmth warmth(KindId kind, Mono now) const;

  // how forked workers end
  enum class End : std::uint8_t { worked, crashed, told_nothing };
  void judge(KindId kind, AttemptId attempt, End end, const std::string& why, Mono now);
  struct Tripped {
    Kind kind;
    Breaker::State state = Breaker::State::open;
    std::size_t crashes = 0;  ///< in a row; 0: no zygote could be had
    std::string why;
    Mono until{};  ///< when the trial is due
  };
  std::vector<Tripped> tripped(Mono now) const;

  // how many to keep
  void failed(const KindFailed& news, Mono now);
  void begin_count();  ///< forgets who waits; then waits() for each job that waits for a worker
  void waits(KindId kind, Isolation isolation);
  void set_spares(bool keep) { keep_spares_ = keep; }      ///< false: memory is short
  void say_wants(unsigned slots, Mono now, Effects& out);  ///< what changed, and where a worker was taken or lost
  std::optional<Mono> next_change(Mono now) const;         ///< of what say_wants() would say

 private:
  struct Group {
    explicit Group(SparesPolicy policy) : demand(policy), trial({1, policy.idle}) {}
    std::deque<WorkerIdle> idle;
    Demand demand;
    Demand trial;     // for a spare to try a fork with
    Breaker breaker;  // of forks
    unsigned waiting = 0;
    unsigned said = 0;
    std::optional<Mono> used;  // of a scene: when a job on it was given a worker, of whatever kind
    Mono held_until{};         // … and until when somebody wants it warm
    Mono unfit_until{};        // … and until when it is not tried again
    std::string unfit;         // why
    std::int64_t bytes = 0;    // … and what its zygote takes
    bool say = false;          // again, although it is the same number

    void let_go();
  };
  using Key = std::pair<KindId, Isolation>;
  Group& group(const Key& key) { return groups_.try_emplace(key, spares_).first->second; }
  unsigned ahead(const Key& key, const Group& group, Mono now) const;
  bool is_scene(const Key& key) const { return key.second == Isolation::fork && !kinds_.at(key.first).scene.empty(); }
  bool recently_used(const Group& group, Mono now) const { return group.used && now - *group.used < spares_.idle; }
  bool is_warm(const Group& group, Mono now) const { return now >= group.unfit_until && (group.held_until > now || recently_used(group, now)); }
  void reject(Group& group, const std::string& why, Mono now);
  void stay_within_budget(Mono now);
  void warm_default(Mono now);

  SparesPolicy spares_;
  std::string default_blender_;
  std::int64_t warm_bytes_;
  Kinds kinds_;
  std::unordered_map<std::string, Proof> proofs_;
  std::map<Key, Group> groups_;
  std::unordered_map<AttemptId, Key> where_;  // of idle workers
  bool keep_spares_ = true;
};

}  // namespace offstage::core
