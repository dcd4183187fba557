// SPDX-License-Identifier: Apache-2.0
//
// What the core needs of others, declared by the one who needs it. Fakes of these make whole histories testable without a process or a disk.
//
// Thread: all calls come from the core strand; none may block.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/changes.h"
#include "core/events.h"

namespace offstage::core {

/// Makes batches durable in order, then posts Engine::on_durable(revision) to the core strand. (store/committer.h)
class CommitPort {
 public:
  virtual ~CommitPort() = default;
  virtual void submit(Batch batch) = 0;
  /// True: stop deciding, refuse new work; the writer is behind.
  virtual bool full() const = 0;
};

struct Assignment {
  AttemptId attempt;  ///< = the worker's id
  JobId job;
  std::uint32_t number = 1;
  std::uint32_t cpus = 0;
  std::int64_t memory_bytes = 0;
  Gpus gpus = {};  ///< that it has from now on until it is gone
  Micros run_timeout{0};
  bool watch_progress = false;              ///< has a progress timeout: send AttemptProgressed
  std::shared_ptr<const std::string> spec;  ///< null: read it from the store by `job`
};

/// Owns the Blenders; obeys. (pool/pool.h)
class PoolPort {
 public:
  virtual ~PoolPort() = default;
  /// Keep so many workers idle or starting, for this kind and isolation (fork or process). Level, not edge: repeated calls replace each other.
  virtual void want(KindId kind, const Kind& what, Isolation isolation, unsigned idle) = 0;
  /// PREPARE: set up, compile, run nothing of the user's. Not gated by durability.
  virtual void prepare(const Assignment& assignment) = 0;
  /// GO. Called when the assignment is durable.
  virtual void go(AttemptId attempt) = 0;
  /// Raises the flag that the script sees; 1 = cancelled, 2 = timed out.
  virtual void raise_flag(AttemptId attempt, int why) = 0;
  virtual void terminate(AttemptId attempt) = 0;  ///< SIGTERM to the worker
  virtual void kill(AttemptId attempt) = 0;       ///< SIGKILL to the worker and whatever it left
  /// The job was deleted: the folders of its attempts may go.
  virtual void forget(AttemptId attempt) = 0;
};

/// Told which jobs have newly durable changes. (api/watch_hub.h)
class WatchPort {
 public:
  virtual ~WatchPort() = default;
  virtual void changed(std::span<const JobId> jobs, Revision durable) = 0;
};

}  // namespace offstage::core
