// SPDX-License-Identifier: Apache-2.0
//
// What is known of an attempt, as files that people read: for a bug report. Made when it is asked for, from the store and from the attempt's folder; of what is
// too long the beginning and the end. See docs/guides/failures.md for the list.
//
// Secrets of the environment are hidden (api/secrets.h); script, parameters and log are as they are, and README.txt says so.
//
// Thread: any but the core strand; reads the store and files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/context.h"
#include "api/tar_gz.h"

namespace offstage::api {

struct Bundle {
  std::string name;  ///< of the folder in it, and of the file: "offstage-3fa94c1d22b0-attempt1"
  std::vector<PackedFile> files;
  Wall time{};
};

/// `attempt`: none where the job has none.
Bundle make_bundle(const Context& context, const store::JobRow& job, const std::optional<store::AttemptRow>& attempt);

}  // namespace offstage::api
