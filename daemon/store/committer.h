// SPDX-License-Identifier: Apache-2.0
//
// Group commit: many decisions share one fsync.
//
// The core decides faster than a disk can sync. It hands over each step's changes with their revision; whatever has queued up while the last commit ran becomes
// the next transaction. No timer for batches that somebody waits for: an idle disk commits at once, a busy one batches by itself.
//
// Thread: submit() and full() from the core strand; the writer thread is ours and is joined by the owner (store/store.h).
#pragma once

#include "core/ports.h"

namespace offstage::store {

class Committer : public core::CommitPort {
 public:
  void submit(core::Batch batch) override = 0;
  bool full() const override = 0;
  /// Returns when all that was submitted before is durable. For shutdown and tests.
  virtual void flush() = 0;
};

}  // namespace offstage::store
