// SPDX-License-Identifier: Apache-2.0
//
// What `offstage gc` finds, and who finds it. The API only carries it: the one who knows is given by the composition root (app/retention.h).
//
// Thread: plain data; Collect is called on the core strand and replies there.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace offstage::api {

/// Numbered as offstage.v1.GarbageKind.
enum class GarbageKind : std::uint8_t {
  unspecified,
  expired_jobs,
  jobs_beyond_size,
  attempt_folders,
  keeper_logs,
  trash,
  set_aside,
  inputs,
  blobs,
  partial_blobs,
  corrupt_blobs,
  staged
};

struct Garbage {
  GarbageKind kind = GarbageKind::unspecified;
  std::int64_t count = 0, bytes = 0;
  std::vector<std::string> names;  ///< of jobs or paths; the first hundred
  void add(std::string name, std::int64_t size) {
    ++count;
    bytes += size;
    if (names.size() < 100) names.push_back(std::move(name));
  }
};

using GarbageReply = std::function<void(Result<std::vector<Garbage>>)>;
using Collect = std::function<void(bool dry_run, GarbageReply)>;

}  // namespace offstage::api
