// SPDX-License-Identifier: Apache-2.0
//
// Where the daemon's things lie. Whether these places are safe is checked by those who use them: store/state_folder.h, api/unix_socket.h.
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

/// Only computes.
Folders find_folders(const Options& options, const Environment& environment);

/// The worker's Python beside the program `executable`: ../share/offstage/worker, alike when installed and in the build folder.
Result<std::filesystem::path> find_worker_code(const std::filesystem::path& executable);

}  // namespace offstage::app
