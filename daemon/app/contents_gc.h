// SPDX-License-Identifier: Apache-2.0
//
// When blobs and inputs that nobody needs are looked for: a second after a start, and ten minutes after jobs have changed or contents have come in. An idle
// daemon sleeps. What is not needed is known by store/contents.h.
//
// Thread: the core strand. Outlives the pool's background work, on whose threads the store is walked.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "api/garbage.h"
#include "core/engine.h"
#include "pool/pool.h"
#include "store/store.h"

namespace offstage::app {

class ContentsGc {
 public:
  ContentsGc(asio::io_context& io, const core::Engine& engine, const store::Store& store, pool::Pool& pool)
      : io_(io), engine_(engine), store_(store), pool_(pool) {}

  /// Counts what lies there from earlier.
  void start(Now now);
  /// When look() is due. Ask again after each step of the engine.
  std::optional<Mono> next(Now now);
  void look(Now now);
  /// For `offstage gc`: at once, and told.
  void collect(bool remove, std::function<void(std::vector<api::Garbage>)> done);

 private:
  std::vector<store::ContentGarbage> walk(bool remove) const;

  asio::io_context& io_;
  const core::Engine& engine_;
  const store::Store& store_;
  pool::Pool& pool_;

  std::optional<Mono> due_;
  core::Revision seen_ = 0;  // what was durable, and what lay there, at the last look
  std::int64_t used_ = 0;
};

}  // namespace offstage::app
