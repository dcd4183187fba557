// SPDX-License-Identifier: Apache-2.0
//
// Ended jobs go, with their rows, logs and results: when `age` has passed since their end, and, the oldest first, when all their folders together take more
// than `bytes`. Jobs that have not ended are never touched.
//
// It sleeps until the oldest ended job is due: nothing that ended since can be due before. A walk goes from the oldest end on, a page at a time: the store is
// read in the background, the core deletes a page in one step, and the next page waits until that is durable and behind the folders that are being removed.
// Nothing is remembered that a restart would lose: when a job ended and what its folders take is in its rows.
//
// Thread: the core strand. Outlives the pool's background work.
#pragma once

#include <asio/io_context.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "api/garbage.h"
#include "app/leftovers.h"
#include "core/engine.h"
#include "pool/pool.h"
#include "store/store.h"

namespace offstage::app {

struct RetentionOptions {
  Micros age{0};                          ///< 0: for ever
  std::int64_t bytes = 0;                 ///< 0: no limit
  Micros grace{std::chrono::minutes(1)};  ///< so long nothing goes for its size: whoever waits for a result comes to read it
};

class Retention {
 public:
  Retention(RetentionOptions options, asio::io_context& io, core::Engine& engine, store::Store& store, pool::Pool& pool, const Leftovers& leftovers)
      : options_(std::move(options)), io_(io), engine_(engine), store_(store), pool_(pool), leftovers_(leftovers) {}

  /// Measures what an earlier daemon did not come to measure, and looks for what has become due meanwhile.
  void start(Now now);
  /// Nothing of the attempt is left but its folder.
  void gone(AttemptId attempt);
  /// When look() is due. Ask again after each step of the engine.
  std::optional<Mono> next(Now now);
  void look(Now now);
  /// For `offstage gc`: all that is due now, without grace, and all that belongs to nothing.
  void collect(bool dry_run, Now now, api::GarbageReply reply);
  /// The daemon ends: what goes on ends with its present page.
  void stop() { stopping_ = true; }

 private:
  struct Walk;
  struct Page;
  using Sizes = std::vector<core::Change>;
  void go_on(const std::shared_ptr<Walk>& walk);
  Page read(Walk& walk) const;
  void remove(const std::shared_ptr<Walk>& walk, const Page& page);
  void done(const Walk& walk, std::optional<Wall> due);

  void measure();
  void measure_rest(std::int64_t after);
  Sizes measured(const std::vector<AttemptId>& attempts) const;
  void keep(Sizes sizes);

  const RetentionOptions options_;
  asio::io_context& io_;
  core::Engine& engine_;
  store::Store& store_;
  pool::Pool& pool_;
  const Leftovers& leftovers_;

  std::optional<Mono> due_;
  core::Revision seen_ = 0;  // what the last walk knew: what became durable since may have ended jobs in it
  bool walking_ = false, measuring_ = false, stopping_ = false;
  std::int64_t total_ = 0;  // of all folders; the store knows better
  std::vector<AttemptId> unmeasured_;
};

}  // namespace offstage::app
