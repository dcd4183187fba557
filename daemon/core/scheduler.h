// SPDX-License-Identifier: Apache-2.0
//
// Decides, and only decides: which job runs where, what a timeout or a dead worker means. Deterministic; no clock, no I/O, no log.
//
// Slots: `slots` jobs at a time and one more for interactive ones; a job with cpus = N takes N. Order: priority, then order of submit. A job at the head that
// needs more slots than are free holds back the ones behind it (no starvation); jobs that wait for a fork proof do not.
//
// Thread: the core strand.
#pragma once

#include "core/changes.h"
#include "core/events.h"
#include "core/ports.h"

namespace offstage::core {

struct SchedulerOptions {
  unsigned slots = 1;
  std::uint64_t queue_length = 4'000'000;
  unsigned max_spares = 8;                 ///< per kind
  std::string default_blender;             ///< kept warm before the first job; empty: none
  Micros spares_idle{std::chrono::minutes(10)};   ///< without demand for so long, no spare is kept
};

/// What a step decided. `now` leaves at once, `after_commit` when the step's last revision is durable.
struct Effects {
  // filled by the Scheduler, carried out by the Engine
};

class Scheduler;  // to be completed

}  // namespace offstage::core
