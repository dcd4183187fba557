// SPDX-License-Identifier: Apache-2.0
//
// The state on disk: SQLite in WAL mode, synchronous=FULL. One writer connection on the committer's own thread (store/committer.h), any number of
// read-only ones (store/reader.h). See docs/design/store.md.
//
// open() keeps a second daemon out (a lock on `<state>/lock`), refuses network filesystems and a schema from the future, runs the migrations.
//
// Thread: open() and close at start-up and shutdown; parts say their own.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "core/ports.h"
#include "store/committer.h"
#include "store/contents.h"
#include "store/reader.h"

namespace offstage::store {

struct StoreOptions {
  std::filesystem::path folder;              ///< the state folder of this machine: made 0700 if missing, owner and mode checked
  std::int64_t low_water_bytes = 256 << 20;  ///< free space below which new work is refused
  std::int64_t ballast_bytes = 8 << 20;      ///< given up when a commit finds no space; 0: none
  std::int64_t blob_bytes = 0;               ///< what blobs and inputs may take; 0: no limit
};

class Store {
 public:
  /// `on_durable` is called on the writer's thread with the newest durable revision: post it to the core strand.
  /// `on_failure` is called on a thread of ours if a commit failed or the database is found to be damaged: log and abort the process.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options, std::function<void(core::Revision)> on_durable,
                                             std::function<void(Error)> on_failure);
  ~Store();  // commits what is queued, checkpoints, closes

  Committer& committer();
  const Reader& reader() const;
  Contents& contents() const;
  const std::string& state_id() const;  ///< random, made with the database; processes of this daemon carry it in OFFSTAGE_STATE_ID
  bool disk_low() const;                ///< free space is below the low-water mark (statvfs, at most once a second); any thread
  std::string why_disk_low() const;     ///< for people: what is free, and what the mark is; any thread

 private:
  Store();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace offstage::store
