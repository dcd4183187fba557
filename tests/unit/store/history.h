// SPDX-License-Identifier: Apache-2.0
//
// A small life of a store, lived on a disk that may fail, and the question after it: is everything there that was acknowledged, and nothing by half?
//
// Two starts with a clean end between them: a new database, every kind of change, long rows and short ones, a checkpoint, a second WAL. Each batch is waited
// for, so that each revision has one content, which is remembered by a run without faults.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "core/model.h"
#include "support/failing_vfs.h"

namespace offstage::store {

/// Lives it in `state`; ends early when the store fails. Acknowledgements are notes of the trace: "submitted" and "acknowledged", with the revision.
void live(const std::filesystem::path& state, test::FailingVfs& disk, const std::function<void(core::Revision)>& after_each = {});

/// Revision → all rows of all tables. 0: a new store.
using RowsByRevision = std::map<core::Revision, std::string>;

/// From a run without faults, whose trace is left in `disk`.
RowsByRevision live_without_faults(test::FailingVfs& disk);

struct Told {
  core::Revision submitted = 0, acknowledged = 0;
  void hear(const test::DiskOp& note);
};

struct Verdict {
  std::string wrong;  ///< empty: all is well
  core::Revision last = 0;
};

/// Opens the store in `state` as the next daemon would, and compares.
Verdict judge(const std::filesystem::path& state, const RowsByRevision& contents, const Told& told);

}  // namespace offstage::store
