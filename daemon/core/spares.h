// SPDX-License-Identifier: Apache-2.0
//
// How many workers to keep ready ahead of need, for one kind and isolation: as many as were assigned within the last second and one more; halved each minute
// that does not need them; at least one while there was demand lately; none after.
//
// A pure function of what was recorded and of the time asked for; next_change() is exact, so that nobody has to poll.
//
// Thread: the core strand.
#pragma once

#include <deque>
#include <optional>

#include "base/time.h"

namespace offstage::core {

struct SparesPolicy {
  unsigned most = 8;
  Micros idle{std::chrono::minutes(10)};  ///< without demand for so long, none is kept
};

class Demand {
 public:
  explicit Demand(SparesPolicy policy) : policy_(policy) {}

  void assigned(Mono now);                ///< a worker was taken
  void expect(unsigned level, Mono now);  ///< keep so many from now on, as if there had been demand
  void forget() { *this = Demand(policy_); }

  unsigned ahead(Mono now) const;
  /// When ahead() will differ from what it is now; nothing: it will not.
  std::optional<Mono> next_change(Mono now) const;

 private:
  unsigned level(Mono now) const;  // halved, not under one

  SparesPolicy policy_;
  std::deque<Mono> recent_;    // assignments of the last second, at most policy_.most
  unsigned peak_ = 0;          // the level at peak_time_; 0: never any demand
  Mono peak_time_{}, last_{};  // last_: newest demand
};

}  // namespace offstage::core
