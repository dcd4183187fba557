// SPDX-License-Identifier: Apache-2.0
//
// What one step of the core asks the store to write: row changes, each with its own revision, in order.
//
// A change carries all mutable columns of its row, so that the writer needs no reads. Batches commit in order; see docs/design/store.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/model.h"

namespace offstage::core {

struct JobInsert {
  Job job;
  Kind kind;  ///< stored with the row, interned again at start
  std::string display_name;
  std::string labels_json;                  ///< "{}" at least
  std::shared_ptr<const std::string> spec;  ///< serialized offstage.v1.JobSpec, opaque here
};

/// The mutable columns, after this change.
struct JobUpdate {
  std::int64_t seq = 0;
  JobId id;
  Revision revision = 0;
  JobState state = JobState::unspecified;
  std::int16_t priority = 0;
  bool held = false;
  std::uint8_t attempts = 0, max_attempts = 1;
  Wall start_time{}, end_time{};
  Failure failure;                 ///< of a failed job
  std::optional<Outcome> outcome;  ///< set by the change that ends the job: result and warnings
  double progress = -1;            ///< the last one seen, set with the end
  std::string progress_message;
  bool delete_when_over = false;
};

struct LabelsUpdate {
  JobId id;
  Revision revision = 0;
  std::string labels_json;
};

/// Also leaves a tombstone with the revision, for watchers.
struct JobDelete {
  JobId id;
  Revision revision = 0;
  Wall time{};
};

/// Inserts or replaces. Attempts have no revision of their own: each of their changes comes with one of their job.
struct AttemptWrite {
  AttemptId id;
  JobId job;
  std::int64_t job_seq = 0;
  std::uint32_t number = 1;
  AttemptState state = AttemptState::starting;
  Isolation isolation = Isolation::process;
  ProcessId process;
  Wall create_time{}, start_time{}, end_time{};
  Failure failure;
  std::optional<Exit> exit;
  Gpus gpus = {};
};

/// An assignment that was never begun (nothing of the user's ran): the row goes as if it had not been.
struct AttemptDelete {
  AttemptId id;
};

/// What the folder of an attempt that has ended takes on the disk. Measured later and told by nobody: it has no revision.
struct FolderSize {
  AttemptId id;
  std::int64_t bytes = 0;
};

using Change = std::variant<JobInsert, JobUpdate, LabelsUpdate, JobDelete, AttemptWrite, AttemptDelete, FolderSize>;

struct Batch {
  std::vector<Change> changes;
  Revision revision = 0;  ///< of the last change that has one; the batch is durable when `durable` reaches it
  bool lazy = false;      ///< may wait 50 ms for company (nobody waits for it)
};

}  // namespace offstage::core
