// SPDX-License-Identifier: Apache-2.0
//
// What a step of the Scheduler decided, as values: rows to write, commands to give. The Engine carries them out; a test compares them.
#pragma once

#include <variant>
#include <vector>

#include "core/changes.h"
#include "core/ports.h"

namespace offstage::core {

struct Want {
  KindId kind = 0;
  Isolation isolation = Isolation::process;
  unsigned idle = 0;
};
struct Prepare {
  Assignment assignment;
};
struct Go {
  AttemptId attempt;
};
struct RaiseFlag {
  AttemptId attempt;
  int why = 0;  ///< one of the flags below
};
struct Terminate {
  AttemptId attempt;
};
struct Kill {
  AttemptId attempt;
};
struct Forget {
  AttemptId attempt;
};
using Command = std::variant<Want, Prepare, Go, RaiseFlag, Terminate, Kill, Forget>;

/// As the page has them (daemon/worker/WIRE.md): from 2 on it is a timeout.
constexpr int flag_cancelled = 1, flag_timed_out_run = 2, flag_timed_out_progress = 3, flag_timed_out_start = 4;

/// A command, and the revision that must be durable before it leaves (0: at once).
struct Act {
  Revision after = 0;
  Command command;
};

struct Effects {
  bool store_full = false;     ///< in: the writer is behind: accept nothing new, assign nothing
  bool urgent = false;         ///< somebody waits for the batch
  Batch batch;                 ///< no changes: nothing to write
  std::vector<Act> acts;       ///< in order
  std::vector<JobId> deleted;  ///< jobs that batch deletes

  void act(Command command, Revision after = 0) { acts.push_back({after, std::move(command)}); }
};

}  // namespace offstage::core
