// SPDX-License-Identifier: Apache-2.0
//
// What the core knows of jobs and attempts while they live: plain data, no behaviour, no protobuf.
//
// The numbers of the enums are those of offstage.v1, so that the API maps by a cast and the store keeps them as they are. A Job is the hot record: at
// most 256 bytes, one for each job that has not ended; the spec itself stays in SQLite. Ended jobs are known to the store only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace offstage::core {

/// Grows by one with each changed row. `durable` is the last one that a commit has made safe.
using Revision = std::uint64_t;

enum class JobState : std::uint8_t { unspecified, held, blocked, queued, running, cancelling, succeeded, failed, cancelled };
enum class AttemptState : std::uint8_t { unspecified, starting, running, succeeded, failed, cancelled };
enum class Isolation : std::uint8_t { unspecified, automatic, fork, process };
enum class Reason : std::uint8_t {
  none,
  script_error,
  exit_code,
  crashed,
  out_of_memory,
  timed_out,
  lost,
  blender_unavailable,
  preflight,
  disk_full,
  result_invalid,
  scene_unreadable,
};

constexpr bool ended(JobState s) { return s >= JobState::succeeded; }
constexpr bool ended(AttemptState s) { return s >= AttemptState::succeeded; }
constexpr std::uint16_t bit(Reason r) { return static_cast<std::uint16_t>(1U << static_cast<unsigned>(r)); }

/// A kind of worker without its isolation: an installation, the variables that Blender reads at start, and what it has loaded. Interned by core::Kinds.
using KindId = std::uint32_t;

struct Kind {
  std::string blender;                                              ///< name of the installation, as ListBlenders shows it ("3.4.1-blender")
  std::vector<std::pair<std::string, std::string>> start_env = {};  ///< sorted
  std::string load = {};   ///< canonical JSON of what else it has loaded (preferences, add-ons, …), and its wrapper; empty: nothing
  std::string scene = {};  ///< canonical JSON of the .blend that it has open (worker/WIRE.md); empty: the factory's
  friend auto operator<=>(const Kind&, const Kind&) = default;
};

struct Timeouts {  // zero = none
  Micros queue{0}, start{0}, run{0}, progress{0};
  Micros cancel_grace{std::chrono::seconds(2)};
  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

/// Why something failed, in the parts that people and programs need. Stored as JSON (core/failure_json.h).
struct Failure {
  Reason reason = Reason::none;
  std::string message;  ///< one line that stands alone
  std::string hint;     ///< what to do, or empty
  std::vector<std::pair<std::string, std::string>>
      fields;                     ///< facts: {"timeout", "run"}, {"signal", "SIGSEGV"}, {"exit_code", "3"}, {"crash_report", "…"}, {"last_log_lines", "…"}
  std::string script_error_json;  ///< the outcome's "error" object, as text, or empty
};

/// The hot record of a live job.
struct Job {
  JobId id;
  std::int64_t seq = 0;  ///< order of submit; the row's primary key; assigned by the scheduler
  Revision revision = 0;
  std::array<std::uint8_t, 16> request_hash{};  ///< of the request's body: same id, other body is an error
  KindId kind = 0;
  JobState state = JobState::unspecified;
  Isolation isolation = Isolation::automatic;
  bool held = false;
  bool delete_when_over = false;  ///< DeleteJob(force): gone as soon as its processes are
  std::int16_t priority = 0;
  std::uint16_t retry_on = 0;  ///< bits of Reason
  std::uint32_t cpus = 0;      ///< 0: all cores, one slot
  std::uint8_t attempts = 0;   ///< made so far
  std::uint8_t max_attempts = 1;
  std::uint8_t gpus = 0;          ///< how many; one kind, one number
  std::int64_t memory_bytes = 0;  ///< 0 = no limit of ours
  Timeouts timeouts;
  Wall create_time{}, start_time{};
  AttemptId attempt;  ///< the current one, or zero
};
static_assert(sizeof(Job) <= 256);

/// From 100 on a job is interactive: one slot more is kept for such jobs.
constexpr bool interactive(const Job& job) { return job.priority >= 100; }

/// Those that may be handed out, or that somebody has: by id, as the daemon was told.
using Gpus = std::vector<std::string>;

/// A process, told from a later one with the same number.
struct ProcessId {
  std::int32_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< /proc/PID/stat field 22
  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

/// What an outcome tells of the attempt's result files.
struct FilesTold {
  std::int64_t count = 0, bytes = 0;
  std::string manifest_sha256;  ///< empty: it has left none
};

/// What a worker left behind: from the outcome file, or from its absence and the exit record.
struct Outcome {
  AttemptState state = AttemptState::failed;  ///< one of the ended ones
  Failure failure;                            ///< of a failed one
  std::string value_json;                     ///< of a succeeded one
  std::string warnings_json;                  ///< "[…]" or empty
  FilesTold files;
};

/// How the process itself ended.
struct Exit {
  std::int32_t exit_code = 0, signal = 0;
  Micros user_cpu{0}, system_cpu{0};
  std::int64_t max_rss_bytes = 0;
  std::string killed_by;  ///< "", "memory", "deadline", "kill"
};

}  // namespace offstage::core
