// SPDX-License-Identifier: Apache-2.0
//
// An attempt from its assignment until nothing of its processes is left: a row of the store, and how far an end that was ordered from outside has come.
//
// Every such end goes the same way, whoever ordered it: the flag that the script sees, after the grace SIGTERM, a second later SIGKILL.
//
// Thread: the core strand.
#pragma once

#include <optional>
#include <string>

#include "core/changes.h"
#include "core/events.h"

namespace offstage::core {

enum class Stop : std::uint8_t { none, cancel, timeout };
enum class StopStage : std::uint8_t { not_begun, flagged, terminated, killed };

struct Attempt {
  AttemptId id;
  JobId job;
  std::int64_t job_seq = 0;
  std::uint32_t number = 1;
  Isolation isolation = Isolation::process;
  ProcessId process;
  unsigned slots = 0;  ///< held now; given back when the attempt is over
  Gpus gpus = {};      ///< held until nothing of its processes is left
  AttemptState state = AttemptState::starting;
  bool went = false;     ///< GO has left: user code may run
  bool adopted = false;  ///< of an earlier daemon: how it dies says nothing of its kind
  bool over = false;     ///< the outcome is known; its processes may still be there
  Stop stop = Stop::none;
  StopStage stage = StopStage::not_begun;
  Revision stop_after = 0;  ///< acts of a cancel wait for its record
  Mono assigned{}, started{}, progressed{};
  Wall create_time{}, start_time{}, end_time{};
  Failure failure;
  std::optional<Outcome> last_word;  ///< told already, and to be believed when nothing of it is left
  double progress = -1;
  std::string progress_message;
};

/// The attempt's row, as it is now.
inline AttemptWrite row_of(const Attempt& a, std::optional<Exit> exit = {}) {
  return {a.id, a.job, a.job_seq, a.number, a.state, a.isolation, a.process, a.create_time, a.start_time, a.end_time, a.failure, std::move(exit), a.gpus};
}

}  // namespace offstage::core
