// SPDX-License-Identifier: Apache-2.0
//
// The columns of a job and of an attempt, in the order in which they are read.
#pragma once

#include <string>

#include "core/events.h"
#include "store/rows.h"
#include "store/statement.h"

namespace offstage::store {

/// What the core needs of a live job; the first columns of a row.
inline const std::string kHotColumns =
    "seq, id, revision, state, isolation, held, delete_when_over, priority, retry_on, cpus, attempts, max_attempts, memory_bytes, queue_timeout, "
    "start_timeout, run_timeout, progress_timeout, cancel_grace, create_time, start_time, end_time, request_hash, gpus, blender, start_env, load, scene";
inline const std::string kJobColumns =
    kHotColumns +
    ", display_name, labels, progress, progress_message, failure, warnings, value, file_count, file_bytes, (SELECT spec FROM specs WHERE specs.seq = jobs.seq)";
inline const std::string kAttemptColumns =
    "attempts.id, jobs.id, number, attempts.state, attempts.isolation, pid, start_ticks, attempts.create_time, attempts.start_time, attempts.end_time, "
    "exit_code, exit_signal, user_cpu, system_cpu, max_rss_bytes, killed_by, attempts.failure, attempts.gpus";

/// Of a row of kHotColumns. `kind` is kept by the caller from row to row: most rows have that of the one before.
core::Job read_hot(Columns& columns, core::Kind& kind, Wall& end_time);
JobRow read_job(const Statement& row);
AttemptRow read_attempt(const Statement& row);

/// About what a row takes in memory or in a reply.
std::size_t bytes_of(const JobRow& row);

}  // namespace offstage::store
