// SPDX-License-Identifier: Apache-2.0
//
// Reads what is durable, by read-only connections. Throws SqliteError (store/statement.h) if the disk fails under it.
//
// Thread: any; each call takes a connection from a small pool.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/events.h"
#include "store/rows.h"

namespace offstage::store {

class Reader {
 public:
  explicit Reader(std::filesystem::path database);
  ~Reader();

  std::optional<JobRow> job(JobId id) const;
  std::vector<JobRow> jobs(std::span<const JobId> ids) const;  ///< those that exist, in the order of ids
  std::shared_ptr<const std::string> spec(JobId id) const;     ///< null: no such job
  bool has_job(JobId id) const;
  Page list(const Filter& filter, std::int64_t before_seq, std::size_t limit,
            std::size_t max_bytes) const;  ///< newest first; before_seq = INT64_MAX: from the newest
  ChangesPage changes(const Filter& filter, core::Revision after, core::Revision up_to, std::size_t limit) const;
  /// Tombstones older than this cursor are gone: a watcher behind it must be reset.
  core::Revision oldest_tombstone_horizon() const;
  std::vector<AttemptRow> attempts(JobId job) const;  ///< oldest first
  std::optional<AttemptRow> attempt(AttemptId id) const;
  std::vector<std::pair<core::JobState, std::int64_t>> counts() const;

  // retention
  std::vector<EndedJob> ended_jobs(std::size_t limit, const EndedJob* after = nullptr) const;  ///< oldest end first, from the one behind `after`
  std::int64_t folder_bytes() const;                                                           ///< of all attempts that were measured
  /// Attempts that have ended and whose folders were not measured, from the one behind `after` (0: all).
  UnmeasuredPage unmeasured(std::int64_t after, std::size_t limit) const;

  // restart
  core::Revision last_revision() const;
  std::int64_t last_seq() const;
  void live_jobs(const std::function<void(core::StoredJob)>& each) const;  ///< by seq
  std::vector<core::OpenAttempt> open_attempts() const;
  /// Ids of all attempts in the store, for the sweep of folders that no row names.
  std::vector<AttemptId> all_attempts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace offstage::store
