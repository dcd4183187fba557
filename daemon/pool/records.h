// SPDX-License-Identifier: Apache-2.0
//
// What a dead worker leaves in its folder: the outcome (by the worker) and the exit record (by its keeper). Formats in daemon/worker/WIRE.md.
//
// Both are one line with length and SHA-256, then JSON; what is too short, too long or differs is no record. Pure functions on bytes, for the fuzzer's sake
// too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "core/model.h"

namespace offstage::pool {

struct ExitRecord {
  core::ProcessId process;
  core::Exit exit;
  unsigned strays_killed = 0;
  std::int64_t memory_limit = 0;  ///< of the job, in bytes; 0: none, or written by the daemon
};

/// BAD_OUTCOME: broken, or of another attempt.
Result<core::Outcome> parse_outcome(std::string_view bytes, AttemptId attempt);
/// BAD_EXIT_RECORD. `json` is the record without its first line, as `exited` brings it.
Result<ExitRecord> parse_exit(std::string_view bytes, AttemptId attempt);
Result<ExitRecord> parse_exit_json(std::string_view json, AttemptId attempt);
std::string format_exit(const ExitRecord& record, AttemptId attempt);

/// `<folder>/outcome` and `<folder>/exit`; nullopt: none, or a broken one. At most 64 MiB, regular files only.
std::optional<core::Outcome> read_outcome(const std::filesystem::path& folder, AttemptId attempt);
std::optional<ExitRecord> read_exit(const std::filesystem::path& folder, AttemptId attempt);
/// Written aside, then renamed into place.
bool write_exit(const std::filesystem::path& folder, const ExitRecord& record, AttemptId attempt);

}  // namespace offstage::pool
