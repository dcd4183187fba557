// SPDX-License-Identifier: Apache-2.0
//
// A blob that is being written.
//
// Its bytes follow from its name, so whoever writes it writes the same: chunks that are there already are passed over, and two writers, or one that comes back
// while its broken stream is not known to be broken, help each other. Only the end decides: fsync, the hash, rename, fsync of the folder. A hash that is not
// the name's removes what was written.
//
// Thread: any; calls wait for each other.
#pragma once

#include <atomic>
#include <mutex>

#include "base/sha256.h"
#include "store/blobs.h"

namespace offstage::store {

class Upload {
 public:
  Upload(Blobs& blobs, const Sha256& name, std::int64_t size) : blobs_(blobs), name_(name), size_(size) {}
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  std::int64_t size() const { return size_; }
  /// It has failed, for all who write it: the next one begins anew.
  bool failed() const { return failed_; }
  /// Reads what an earlier one has left. Once; later calls have its answer.
  Status begin();
  /// What is there afterwards, size() when it is whole and durable. BLOB_OFFSET (a gap), BLOB_TOO_LONG, BLOB_HASH_MISMATCH, DISK_FULL, FILE_UNUSABLE.
  Result<std::int64_t> append(std::int64_t offset, std::string_view data);

 private:
  Status open();
  Status read_partial();
  Status write(std::string_view data);
  Status commit();
  Status remove(Error error);
  Status settle(Status state);

  Blobs& blobs_;
  const Sha256 name_;
  const std::int64_t size_;
  std::atomic<bool> failed_ = false;

  std::mutex mutex_;  // guards all below
  bool begun_ = false, whole_ = false;
  Status state_ = Done{};  ///< once it has failed, it has failed for all
  UniqueFd file_;
  Room::Claim room_;
  Sha256Hasher hasher_;
  std::int64_t written_ = 0;
};

}  // namespace offstage::store
