// SPDX-License-Identifier: Apache-2.0
//
// Contents that were sent, by what they are: a blob is named by its SHA-256, so that nothing is sent or kept twice.
//
//     <state>/blobs/ab/cdef…           a whole one: verified, durable, read-only; a job's input is a hard link to it (store/inputs.h)
//     <state>/blobs/partial/abcdef…    one that is being written, or whose writer went away: it is resumed from its size
//     <state>/blobs/corrupt/abcdef…    one that was read and was not what its name says
//
// A name in a two-digit folder is made by rename after fsync and hash, so whatever has it is whole. Who needs a blob is told by its links alone: there is no
// table of references that could be wrong. See docs/design/blobs.md.
//
// Thread: any; reads and writes files, so never the core strand or gRPC's threads.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "base/sha256.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "store/room.h"

namespace offstage::store {

class Upload;

std::filesystem::path blob_path(const std::filesystem::path& state, const Sha256& name);

class Blobs {
 public:
  Blobs(const std::filesystem::path& state, Room& room);

  /// Makes the folders.
  Status open() const;
  std::filesystem::path path(const Sha256& name) const;
  const std::filesystem::path& folder() const { return folder_; }

  /// True if it is there; then gc leaves it alone for an hour.
  bool touch(const Sha256& name);
  struct Readable {
    UniqueFd fd;
    std::int64_t size = 0;
  };
  /// BLOB_NOT_FOUND; BLOB_UNREADABLE.
  Result<Readable> read(const Sha256& name) const;
  /// One more name for it, within the state folder. BLOB_NOT_FOUND.
  Status link(const Sha256& name, const std::filesystem::path& to);
  /// What was read is not what its name says: nobody gets it any more, and it may be sent anew. The error to tell: BLOB_CORRUPT.
  Error set_aside(const Sha256& name);

  /// Begins or goes on with one of `size` bytes; whoever writes the same one at this time gets the same Upload. QUOTA_FULL, DISK_LOW, DISK_FULL, BLOB_BUSY.
  Result<std::shared_ptr<Upload>> upload(const Sha256& name, std::int64_t size);
  struct Written {
    std::int64_t bytes = 0;
    bool complete = false;
  };
  Written written(const Sha256& name) const;

  /// Removes it if nobody has linked or touched it since `before`, or, a partial one, written to it. How many bytes went, or would go; nullopt: it stays.
  std::optional<std::int64_t> collect(const Sha256& name, Wall before, bool remove);
  std::optional<std::int64_t> collect_partial(const Sha256& name, Wall before, bool remove);

 private:
  friend class Upload;
  std::filesystem::path partial(const Sha256& name) const { return folder_ / "partial" / name.hex(); }

  const std::filesystem::path folder_;
  Room& room_;
  std::mutex names_;  // what is looked at and then removed is not touched or linked in between
  std::mutex uploads_mutex_;
  std::map<Sha256, std::weak_ptr<Upload>> uploads_;
};

Error blob_not_found(const Sha256& name);

}  // namespace offstage::store
