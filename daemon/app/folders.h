// SPDX-License-Identifier: Apache-2.0
//
// Where the daemon's things lie, and whether these places are safe.
//
// Whoever may write into them may do everything the daemon's user may do: a folder must be a real one (no symlink), ours, and closed to others. The command
// line checks the same before it connects.
//
// Thread: start-up.
#pragma once

#include "app/options.h"

namespace offstage::app {

struct Folders {
  std::filesystem::path state;  ///< one per machine: $XDG_STATE_HOME may be a shared home
  std::filesystem::path runtime;
  std::filesystem::path socket;  ///< clients
  std::filesystem::path workers_socket;
  std::filesystem::path proof_cache;
};

/// $`variable`, where it is absolute, or ~/`usual`.
std::filesystem::path xdg_home(const Environment& environment, const char* variable, const char* usual);

/// From /etc/machine-id: twelve digits, or "local".
std::string machine_id(const std::filesystem::path& file = "/etc/machine-id");

/// Only computes. Errors: SOCKET_PATH_TOO_LONG.
Result<Folders> find_folders(const Options& options, const Environment& environment);

/// Makes the folder (0700, parents too) or checks the one that is there. Errors: FOLDER_UNSAFE, FOLDER_UNUSABLE.
Status make_private(const std::filesystem::path& folder);

/// Removes a socket that nobody serves any more. Errors: DAEMON_RUNNING (somebody answers), SOCKET_UNUSABLE (not a socket).
Status remove_stale_socket(const std::filesystem::path& socket);

/// The worker's Python beside the program `executable`: ../share/offstage/worker, alike when installed and in the build folder.
Result<std::filesystem::path> find_worker_code(const std::filesystem::path& executable);

}  // namespace offstage::app
