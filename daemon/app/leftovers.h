// SPDX-License-Identifier: Apache-2.0
//
// What belongs to nothing: folders of attempts that no job has, old logs of keepers, trash; and databases that were set aside, which are only told of.
//
// `offstage gc` asks for it. A while after its start, and each hour, the daemon removes it unasked: a keeper that outlives its daemon may still make a worker,
// with its folder, after the next daemon's start has looked (pool/leftovers.h).
//
// Thread: the core strand. Outlives the pool's background work.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "api/garbage.h"
#include "pool/pool.h"
#include "store/store.h"

namespace offstage::app {

class Leftovers {
 public:
  Leftovers(std::filesystem::path state, store::Store& store, pool::Pool& pool) : state_(std::move(state)), store_(store), pool_(pool) {}

  void start(Now now);
  std::optional<Mono> next() const { return due_; }
  void look(Now now);
  /// Replies with `found` and what this finds.
  void collect(bool dry_run, std::vector<api::Garbage> found, const api::GarbageReply& reply) const;

 private:
  const std::filesystem::path state_;
  store::Store& store_;
  pool::Pool& pool_;
  std::optional<Mono> due_;
};

}  // namespace offstage::app
