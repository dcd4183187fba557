// SPDX-License-Identifier: Apache-2.0
//
// Two clocks, never mixed: `Mono` for deadlines (CLOCK_BOOTTIME: goes on in suspend, never jumps), `Wall` for what people read.
//
// The core has no clock: each event brings its Now.
#pragma once

#include <chrono>
#include <ctime>

namespace offstage {

using Micros = std::chrono::microseconds;

struct BootClock {
  using duration = Micros;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept {
    timespec t{};
    ::clock_gettime(CLOCK_BOOTTIME, &t);
    return time_point(std::chrono::seconds(t.tv_sec) + std::chrono::duration_cast<Micros>(std::chrono::nanoseconds(t.tv_nsec)));
  }
};

using Mono = BootClock::time_point;
using Wall = std::chrono::sys_time<Micros>;  ///< UTC; epoch = "unset"

struct Now {
  Mono mono{};
  Wall wall{};
  static Now read() { return {BootClock::now(), std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now())}; }
};

}  // namespace offstage
