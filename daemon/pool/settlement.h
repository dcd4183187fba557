// SPDX-License-Identifier: Apache-2.0
//
// What stands between a worker's outcome and telling it: that its result files are what it says, and that they are where the job wants them.
//
// Thread: made on the core strand; settle() on any other; it may take as long as copying the files does.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/ids.h"
#include "core/model.h"

namespace offstage::pool {

struct Settlement {
  std::filesystem::path folder;  ///< the attempt's
  AttemptId attempt;
  JobId job;
  std::function<std::shared_ptr<const std::string>(JobId)> spec;  ///< serialized offstage.v1.JobSpec; null: there is no such job
  std::shared_ptr<std::atomic<bool>> stop;                        ///< the job is cancelled, or the daemon goes

  /// Only a success has to be true.
  static bool needed(const core::Outcome& outcome) { return outcome.state == core::AttemptState::succeeded && !outcome.files.manifest_sha256.empty(); }
  /// The outcome, or the failure that it has become. A delivery that was stopped leaves nothing; its attempt ends by what stopped it.
  core::Outcome settle(core::Outcome outcome) const;
};

}  // namespace offstage::pool
