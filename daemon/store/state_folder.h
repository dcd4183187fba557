// SPDX-License-Identifier: Apache-2.0
//
// The folder that a daemon owns: private to its user, on a local disk, held by one daemon at a time.
//
// Thread: start-up.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/unique_fd.h"

namespace offstage::store {

struct StateFolder {
  std::filesystem::path path;  ///< without symbolic links
  UniqueFd lock;               ///< of `<path>/lock`; closing it gives the folder free. Closed on exec, so that a daemon that re-executes itself takes it anew
};

/// Makes it if missing. STATE_FOLDER_UNUSABLE, STATE_FOLDER_NOT_PRIVATE, NETWORK_FILESYSTEM, ANOTHER_DAEMON.
Result<StateFolder> take_state_folder(const std::filesystem::path& folder);

}  // namespace offstage::store
