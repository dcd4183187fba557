// SPDX-License-Identifier: Apache-2.0
//
// What the state folder holds beside the database: blobs, the inputs of jobs, and what clients have staged. And what of it nobody needs any more.
//
// Thread: any but the core strand and gRPC's; open() at start-up.
#pragma once

#include <functional>
#include <vector>

#include "store/blobs.h"
#include "store/inputs.h"
#include "store/room.h"

namespace offstage::store {

struct ContentGarbage {
  enum class Kind { inputs, blob, partial, corrupt, staged };
  Kind kind = Kind::blob;
  std::filesystem::path path;
  std::int64_t bytes = 0;
};

class Contents {
 public:
  Contents(std::filesystem::path state, std::int64_t quota, std::int64_t low_water)
      : state_(std::move(state)), room(state_, quota, low_water), blobs(state_, room), inputs(state_, blobs, room) {}
  /// Makes the folders.
  Status open() const;
  /// Counts what lies there from earlier. Once, after open().
  void measure();

  /// What is not needed: inputs of jobs that are not `known`, blobs that no input is a link to and that nobody touched for an hour, rests of uploads and staged
  /// files a day old, damaged blobs a week old.
  std::vector<ContentGarbage> collect(const std::function<bool(JobId)>& known, Wall now, bool remove);

 private:
  const std::filesystem::path state_;

 public:
  Room room;
  Blobs blobs;
  Inputs inputs;
};

}  // namespace offstage::store
