// SPDX-License-Identifier: Apache-2.0
//
// What happens to the core: requests of clients and news of the pool. Values, so that a test is a list of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/model.h"

namespace offstage::core {

// ---- requests -------------------------------------------------------------------------------------------------------------------------

/// A checked submit. `job` has all but seq, revision and times; its id follows from the request id where there is one.
struct NewJob {
  Job job;
  Kind kind;
  std::string display_name;
  std::string labels_json;
  std::shared_ptr<const std::string> spec;
};

struct JobChange {
  JobId id;
  std::optional<std::int16_t> priority;
  std::optional<bool> held;
  std::optional<std::string> labels_json;
  std::optional<Revision> etag;  ///< must be the job's revision
};

/// An ended job as the store has it, for retry and delete.
struct StoredJob {
  Job job;
  Kind kind;
  std::uint8_t policy_attempts = 1;  ///< for retry: max_attempts of the spec, so many more are allowed
};

/// An ended job whose time has come, as the store had it a moment ago.
struct EndedJob {
  JobId id;
  Revision revision = 0;
  std::vector<AttemptId> attempts;  ///< whose folders go with it
};

// ---- news of the pool -----------------------------------------------------------------------------------------------------------------

/// A spare has said that it is ready. Its id is the id of the attempt that it will run.
struct WorkerIdle {
  AttemptId worker;
  KindId kind = 0;
  Isolation isolation = Isolation::process;  ///< fork or process
  ProcessId process;
};

/// A spare is gone that never got an attempt, or whose attempt had not begun (no GO was acted on): nothing of the user's ran.
struct WorkerGone {
  AttemptId worker;
  std::string why = {};  ///< as far as that is known
};

/// The script's first line runs.
struct AttemptStarted {
  AttemptId attempt;
};

/// The outcome is known: from its file, or, where there is none, from how the process died. It comes once.
struct AttemptEnded {
  AttemptId attempt;
  Outcome outcome;
  double progress = -1;
  std::string progress_message;
};

/// The worker and all its strays are dead, and the exit record is read. Always follows, never precedes AttemptEnded; also once for each adopted attempt.
struct AttemptGone {
  AttemptId attempt;
  std::optional<Exit> exit;
};

/// progress() was called since the last look. Sent at most once a second, only for attempts with a progress timeout.
struct AttemptProgressed {
  AttemptId attempt;
};

/// A worker of this kind could not be started (after the pool's own retries): jobs that wait for it fail, or AUTO ones go cold.
struct KindFailed {
  KindId kind = 0;
  Isolation isolation = Isolation::process;
  Failure failure;
};

/// A zygote or supervisor can make workers.
struct KeeperReady {
  KindId kind = 0;
  Isolation isolation = Isolation::process;
  std::int64_t bytes = 0;  ///< its proportional share of memory
};

enum class ForkProof : std::uint8_t { pending = 1, proven = 2, refused = 3 };

struct ProofChanged {
  std::string blender;
  ForkProof proof = ForkProof::pending;
  std::string reason;
};

/// Memory is short: no worker is kept ahead of need until it is not.
struct MemoryShort {
  bool is_short = false;
};

/// The disk of the state folder is almost full: nothing is started until it is not. What runs goes on.
struct DiskLow {
  bool is_low = false;
};

/// The catalog's choice: spares of this one are kept from now on. Empty: of none.
struct DefaultBlender {
  std::string blender;
};

/// From restart: an attempt that was open in the store. The pool adopts it (and then sends Started/Ended/Gone like for any other), or finds it dead.
struct OpenAttempt {
  AttemptId id;
  JobId job;
  std::uint32_t number = 1;
  AttemptState state = AttemptState::starting;
  Isolation isolation = Isolation::process;
  ProcessId process;
  Wall create_time{}, start_time{};
  Failure failure = {};  ///< who cancelled it, if somebody has
  Gpus gpus = {};
};

}  // namespace offstage::core
