// SPDX-License-Identifier: Apache-2.0
//
// Whether jobs that leave the choice to us get forked workers of one kind. Several crashes in a row open the breaker, or one zygote that cannot be had at all:
// then they start cold. After a pause one forked job is the trial: if it does well the breaker closes, if not the pause is twice as long.
//
//     closed ── `crashes` in a row within `window`, or failed() ──▶ open ── pause ──▶ trial ── a crash ──▶ open, twice as long
//        ▲                                                                              │
//        └──────────────────────────────── worked() ────────────────────────────────────┘
//
// In a row: any forked worker that lives to its end takes all crashes back, so one script that always crashes among others that do not trips nothing. Jobs
// that ask for a fork by name are not held back, and what becomes of them counts.
//
// Nothing of it is stored: a restart begins with trust. Time is an argument; nobody needs waking, since nothing happens unless a job comes.
//
// Thread: the core strand.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/time.h"

namespace offstage::core {

struct BreakerPolicy {
  std::size_t crashes = 5;
  Micros window{std::chrono::minutes(10)};
  Micros first_pause{std::chrono::seconds(30)};          ///< after crashes
  Micros pause_without_zygote{std::chrono::minutes(5)};  ///< after failed()
  Micros longest_pause{std::chrono::minutes(15)};
};

class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, trial };

  explicit Breaker(BreakerPolicy policy = {}) : policy_(policy) {}

  State state(Mono now) const;
  /// One job may be the trial, and none is.
  bool trial_is_due(Mono now) const { return state(now) == State::trial && !trial_; }
  void begin_trial(AttemptId attempt) { trial_ = attempt; }

  void crashed(AttemptId attempt, const std::string& why, Mono now);
  void worked();
  void told_nothing(AttemptId attempt);  ///< cancelled, or out of time or memory: says nothing of the fork
  void failed(const std::string& why, Mono now);

  /// Closed, and with nothing to remember.
  bool idle(Mono now) const;
  std::size_t crashes() const { return recent_.size(); }
  const std::string& why() const { return why_; }  ///< of the last crash
  Mono until() const { return until_; }            ///< end of the pause

 private:
  void open(Micros first, Mono now);

  BreakerPolicy policy_;
  std::deque<Mono> recent_;      // crashes in a row, within the window; at most policy_.crashes
  std::optional<Micros> pause_;  // none: closed
  Mono until_{};
  std::optional<AttemptId> trial_;
  std::string why_;
};

}  // namespace offstage::core
