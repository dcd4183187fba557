// SPDX-License-Identifier: Apache-2.0
//
// Owns the Blenders of this machine: finds them, starts keepers (zygotes and supervisors), takes in the workers that dial, hands attempts over, and reports
// what became of them. Obeys core::PoolPort; decides nothing about jobs. See daemon/worker/WIRE.md and docs/design/fork-server.md.
//
// Thread: constructed and called on the core strand (its io_context runs on one thread); the members marked so may be called from any.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include <asio/io_context.hpp>

#include "base/result.h"
#include "core/ports.h"
#include "pool/catalog.h"

namespace offstage::pool {

struct PoolOptions {
  std::filesystem::path state;        ///< attempts/, keepers/ and trash/ live here
  std::filesystem::path socket;       ///< workers.sock
  std::filesystem::path worker_code;  ///< the folder of boot.py
  std::filesystem::path proof_cache;  ///< JSON files, one per identity of a Blender; shared by all daemons of the user
  std::string state_id;
  CatalogOptions catalog;
  bool huge_pages = true;
  std::filesystem::path cgroup;                    ///< of which each worker gets a part; empty: none was delegated (cgroup.h)
  std::int64_t log_bytes = 0;                      ///< so much of an attempt's log is kept, head and tail; 0: all
  std::int64_t attempt_bytes = 0;                  ///< an attempt whose folder takes more is ended; 0: no limit
  Micros start_patience{std::chrono::minutes(2)};  ///< a worker that is not ready by then is killed
  Micros keeper_idle{std::chrono::minutes(30)};    ///< a keeper without workers or demand for so long is retired
};

/// News for the core, called on the core strand.
struct PoolEvents {
  std::function<void(const core::WorkerIdle&)> worker_idle;
  std::function<void(const core::WorkerGone&)> worker_gone;
  std::function<void(const core::AttemptStarted&)> started;
  std::function<void(const core::AttemptEnded&)> ended;
  std::function<void(const core::AttemptGone&)> gone;
  std::function<void(const core::AttemptProgressed&)> progressed;
  std::function<void(const core::KindFailed&)> kind_failed;
  std::function<void(const core::KeeperReady&)> keeper_ready;
  std::function<void(const core::ProofChanged&)> proof_changed;
};

struct Progress {
  double fraction = -1;  ///< -1: never set
  std::string message;
  std::uint64_t count = 0;  ///< calls of progress()
};

struct ZygoteInfo {
  std::int32_t pid = 0;
  std::string blender;
  bool forks = false;
  unsigned idle = 0, busy = 0;
  std::int64_t private_bytes = 0;
  std::string scene;  ///< path of the .blend that it keeps warm, or empty
  Wall start_time{};
};

/// What belongs to nothing. (leftovers.h)
struct Leftover {
  enum class Kind { attempt_folder, keeper_log, trash };
  Kind kind = Kind::trash;
  std::filesystem::path path;
  std::int64_t bytes = 0;
};
/// Ids of all attempts in the store; nullopt: it cannot be read.
using KnownAttempts = std::function<std::optional<std::unordered_set<AttemptId>>()>;

class Pool : public core::PoolPort {
 public:
  /// Binds the worker socket. `spec` reads a job's spec from the store.
  static Result<std::unique_ptr<Pool>> open(asio::io_context& io, PoolOptions options, PoolEvents events,
                                            std::function<std::shared_ptr<const std::string>(JobId)> spec);

  /// At start, before anything is served: kills what an earlier daemon left behind and no open attempt explains, adopts live workers of `open`
  /// (WIRE.md: by pidfd and files), reports the dead ones: WorkerGone where the page proves that nothing ran, else Ended/Gone. `known` keeps folders from the
  /// sweep.
  virtual void adopt(const std::vector<core::OpenAttempt>& open, const std::vector<AttemptId>& known) = 0;
  /// Finds Blenders in the background, proves the default; reports ProofChanged for each.
  virtual void start() = 0;
  /// Ends spares and idle keepers. `kill_busy`: busy workers too, calls `done` when all is gone; otherwise they live on.
  virtual void shutdown(bool kill_busy, std::function<void()> done) = 0;

  /// Runs `work` on a thread where it may take long, behind the removals that were asked for before.
  virtual void in_background(std::function<void()> work) = 0;
  /// Finds what belongs to nothing, removes it if asked to, and tells it on the core strand. `known` is called in the background.
  virtual void leftovers(KnownAttempts known, bool remove, std::function<void(std::vector<Leftover>)> done) = 0;

  virtual const Catalog& catalog() const = 0;                             ///< any thread
  virtual std::optional<Progress> progress(AttemptId attempt) const = 0;  ///< any thread; of running ones
  virtual std::vector<ZygoteInfo> zygotes() const = 0;                    ///< any thread
  virtual std::filesystem::path folder(AttemptId attempt) const = 0;      ///< any thread
};

}  // namespace offstage::pool
