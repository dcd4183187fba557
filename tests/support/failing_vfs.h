// SPDX-License-Identifier: Apache-2.0
//
// A disk that fails as it is told, and remembers what was asked of it: a SQLite VFS over the default one.
//
// Files are real, below it; what is new is that every write, truncation, sync, creation and deletion of the watched folder goes into a trace, from which
// unit/store/power_cut.h works out what a power cut may leave, and that the n-th call can be made to fail. Nothing is really synced: a sync is an entry of the
// trace, which is what makes thousands of histories cheap. Shared memory (the WAL's index) goes straight through.
//
// Thread: construction and destruction when no connection is open; all else any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace offstage::test {

/// What happened to a file of the watched folder. `file` is its name without the folder, so that a trace can be replayed in another.
struct DiskOp {
  enum class Kind {
    create,       ///< by name; lasts when the folder is synced
    remove,       ///< the same
    write,        ///< `data` at `number`
    truncate,     ///< to `number` bytes
    sync,         ///< of the file
    sync_folder,  ///< of all creations and deletions
    sync_failed,  ///< EIO: the kernel has dropped what was not written, and will say "synced" the next time
    note,         ///< the test's own: `file` and `number` as it wants
  };
  Kind kind;
  std::string file;
  std::int64_t number = 0;
  std::string data = {};
};

struct Fault {
  enum class Kind { none, eio, enospc };
  Kind kind = Kind::none;
  std::int64_t at = 0;    ///< the n-th call that this kind can hit, from 1 on
  bool for_good = false;  ///< and all such calls after it
};

class FailingVfs {
 public:
  FailingVfs();  ///< the default VFS from now on
  ~FailingVfs();
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;

  /// Forgets the trace and the fault before.
  void watch(const std::filesystem::path& folder, Fault fault = {});
  void note(std::string what, std::int64_t number);
  std::vector<DiskOp> trace() const;
  bool has_failed() const;  ///< the fault has been met

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace offstage::test
