// SPDX-License-Identifier: Apache-2.0
//
// Room for outcomes on a full disk: a file of some MiB that is nothing but room.
//
// The low-water mark keeps new work out early, but what runs writes its logs on, and others write to the disk, too. When a commit finds no space, the ballast
// gives some of its own and the commit is tried again (a write that found no space has changed nothing, other than a failed fsync). It gives in slices, since
// whoever filled the disk takes what a retry leaves. When there is room again it is made anew.
//
// Thread: that of the writer, after start-up.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace offstage::store {

class Ballast {
 public:
  /// What is there from earlier is taken as it is. `keep_free`: so much has to remain free beside a ballast that is made.
  Ballast(std::filesystem::path file, std::int64_t bytes, std::int64_t keep_free);

  bool give_way();  ///< false: nothing is left to give
  void refill();    ///< looks at most every few seconds
  bool whole() const { return has_ >= wants_; }

 private:
  const std::filesystem::path file_;
  const std::int64_t wants_, keep_free_;
  std::int64_t has_ = 0;
  std::chrono::steady_clock::time_point looked_{};
};

/// Bytes that this user may still write to the disk of `folder`, or -1.
std::int64_t free_bytes(const std::filesystem::path& folder);

}  // namespace offstage::store
