// SPDX-License-Identifier: Apache-2.0
//
// Rows as readers get them: whole, durable, plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"

namespace offstage::store {

struct JobRow {
  core::Job job;  // kind is 0 here: `kind` below says what it is
  core::Kind kind;
  std::string display_name;
  std::string labels_json;
  std::string spec;  // serialized offstage.v1.JobSpec
  core::Failure failure;
  std::string value_json;                       // of a succeeded job
  std::int64_t file_count = 0, file_bytes = 0;  // of an ended job
  std::string warnings_json;
  double progress = -1;
  std::string progress_message;
  Wall end_time{};
};

struct AttemptRow {
  AttemptId id;
  JobId job;
  std::uint32_t number = 1;
  core::AttemptState state = core::AttemptState::starting;
  core::Isolation isolation = core::Isolation::process;
  core::ProcessId process;
  Wall create_time{}, start_time{}, end_time{};
  core::Failure failure;
  std::optional<core::Exit> exit;
  core::Gpus gpus;
};

/// A conjunction; what is unset does not restrict. Parsed from AIP-160 text by api/filter.h.
struct Filter {
  std::uint16_t states = 0;                    ///< bits of 1 << JobState; 0 = all
  std::optional<std::pair<JobId, JobId>> ids;  ///< inclusive range: a prefix of the uid
  std::optional<std::string> display_name;
  std::optional<std::int16_t> min_priority, max_priority;
  std::optional<Wall> created_after, created_before;        ///< exclusive
  std::vector<std::pair<std::string, std::string>> labels;  ///< all must match
  bool matches(const JobRow& row) const;                    ///< the same, in memory
};

struct Page {
  std::vector<JobRow> rows;
  std::optional<std::int64_t> next_before;  ///< continue with seq below it
};

struct Tombstone {
  JobId id;
  core::Revision revision = 0;
};

/// A job that has ended, as retention sees it.
struct EndedJob {
  JobId id;
  std::int64_t seq = 0;
  core::Revision revision = 0;
  Wall end_time{};
  std::int64_t bytes = 0;  ///< of its attempts' folders
  bool measured = true;    ///< all of them
  std::vector<AttemptId> attempts;
};

struct UnmeasuredPage {
  std::vector<AttemptId> attempts;
  std::int64_t next = 0;  ///< continue after it; 0: that was all
};

/// What changed after a cursor, oldest first.
struct ChangesPage {
  std::vector<JobRow> rows;
  std::vector<Tombstone> deleted;
  core::Revision next = 0;  ///< cursor for the next call
  bool more = false;        ///< call again at once
};

}  // namespace offstage::store
