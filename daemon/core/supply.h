// SPDX-License-Identifier: Apache-2.0
//
// The workers that could take a job, by kind and isolation: which are idle, how many are to be kept ready, and what AUTO means now.
//
// AUTO is FORK where the installation has proven that it forks, unless a zygote of this kind failed within the last five minutes; otherwise PROCESS. An idle
// cold worker is as pristine as a forked one, so an AUTO job takes it rather than wait for a fork.
//
// Thread: the core strand.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

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

  Supply(SparesPolicy spares, std::string default_blender) : spares_(spares), default_blender_(std::move(default_blender)) {}

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

  // how many to keep
  void failed(const KindFailed& news, Mono now);
  void begin_count();  ///< forgets who waits; then waits() for each job that waits for a worker
  void waits(KindId kind, Isolation isolation);
  void set_spares(bool keep) { keep_spares_ = keep; }      ///< false: memory is short
  void say_wants(unsigned slots, Mono now, Effects& out);  ///< what changed, and where a worker was taken or lost
  std::optional<Mono> next_change(Mono now) const;         ///< of what say_wants() would say

 private:
  struct Group {
    explicit Group(SparesPolicy policy) : demand(policy) {}
    std::deque<WorkerIdle> idle;
    Demand demand;
    unsigned waiting = 0;
    unsigned said = 0;
    bool say = false;  // again, although it is the same number
    std::optional<Mono> distrusted_until;
  };
  using Key = std::pair<KindId, Isolation>;
  Group& group(const Key& key) { return groups_.try_emplace(key, spares_).first->second; }
  bool distrusted(KindId kind, Mono now) const;
  void warm_default(Mono now);

  SparesPolicy spares_;
  std::string default_blender_;
  Kinds kinds_;
  std::unordered_map<std::string, Proof> proofs_;
  std::map<Key, Group> groups_;
  std::unordered_map<AttemptId, Key> where_;  // of idle workers
  bool keep_spares_ = true;
};

}  // namespace offstage::core
