// SPDX-License-Identifier: Apache-2.0
//
// The lists of files that were asked for last, so that the pages of a long list and the files on it do not each read it again.
//
// Thread: any.
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "base/ids.h"
#include "pool/manifest.h"

namespace offstage::api {

class Manifests {
 public:
  /// The list as it is now. `folder` is the attempt's. FILE_LIST_DAMAGED.
  Result<std::shared_ptr<const pool::Manifest>> get(AttemptId attempt, const std::filesystem::path& folder);

 private:
  struct Known {
    AttemptId attempt;
    std::int64_t size = 0;  // it grows only
    std::shared_ptr<const pool::Manifest> manifest;
  };
  std::mutex mutex_;
  std::list<Known> known_;  // guarded by mutex_; the one asked for last comes first
};

}  // namespace offstage::api
