// SPDX-License-Identifier: Apache-2.0
//
// The API's enumerations, by the API's numbers. A number that this library does not know yet is kept and is called "UNKNOWN".
#pragma once

#include <optional>
#include <string_view>

namespace offstage::inline client {

enum class State { unspecified, held, blocked, queued, running, cancelling, succeeded, failed, cancelled };
enum class AttemptState { unspecified, starting, running, succeeded, failed, cancelled };
enum class Isolation { unspecified, automatic, fork, process };
/// What Cycles computes with; automatic: with GPUs the first backend that sees them, otherwise none.
enum class Compute { automatic, none, cuda, optix, hip, oneapi, metal };
enum class ForkState { unspecified, pending, proven, refused };
enum class BreakerState { unspecified, open, trial };
/// What is not needed any more.
enum class GarbageKind {
  unspecified,
  expired_jobs,
  jobs_beyond_size,
  attempt_folders,
  keeper_logs,
  trash,
  set_aside,
  inputs,
  blobs,
  partial_blobs,
  corrupt_blobs,
  staged
};
/// What becomes of a job whose scene is not as it should be.
enum class OnWarning { unspecified, warn, fail };
/// Why a job or an attempt failed.
enum class Reason {
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

constexpr bool ended(State state) { return state >= State::succeeded; }
constexpr bool ended(AttemptState state) { return state >= AttemptState::succeeded; }

/// "SUCCEEDED", "SCRIPT_ERROR", "FORK" …; lower case for ForkState ("proven"), BreakerState ("open") and GarbageKind ("expired_jobs").
std::string_view name_of(State value);
std::string_view name_of(AttemptState value);
std::string_view name_of(Reason value);
std::string_view name_of(Isolation value);
std::string_view name_of(OnWarning value);
std::string_view name_of(ForkState value);
std::string_view name_of(BreakerState value);
std::string_view name_of(GarbageKind value);

/// In any case of letters; nothing for a name that does not exist.
std::optional<State> state_named(std::string_view name);
std::optional<Reason> reason_named(std::string_view name);
std::optional<Isolation> isolation_named(std::string_view name);
std::optional<OnWarning> on_warning_named(std::string_view name);
std::optional<Compute> compute_named(std::string_view name);

}  // namespace offstage::inline client
