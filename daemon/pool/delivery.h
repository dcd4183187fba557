// SPDX-License-Identifier: Apache-2.0
//
// Puts an attempt's result files where its job wants them: each one whole, by rename, or not at all.
//
// First all are copied (sharing blocks where the filesystem can) under names of this attempt's own, and synced; then all are renamed; then the folders are
// synced. A failure or a crash on the way leaves nothing half-written under a file's own name. What a crash leaves under the attempt's own names goes when the
// delivery is made again, or is found to be stopped, at the next start.
//
// Files and folders are as open to others as the folder that they are put into (but never writable for all): the daemon's own umask would hide them.
//
// Thread: any but the core strand; may take long.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>

#include "base/ids.h"
#include "core/model.h"
#include "pool/manifest.h"

namespace offstage::pool {

struct Delivery {
  std::filesystem::path folder;  ///< the attempt's
  AttemptId attempt;
  std::filesystem::path target;
};

enum class Delivered { all, failed, stopped };

/// `stop` is looked at between two files. One that was stopped has left no file. DISK_FULL, RESULT_INVALID.
Delivered deliver(const Delivery& delivery, const Manifest& manifest, const std::atomic<bool>& stop, core::Failure& failure);
}  // namespace offstage::pool
