// SPDX-License-Identifier: Apache-2.0
//
// The Unix socket's door: its folder, and what may already lie at its path. gRPC would silently take over the socket of a living daemon.
//
// Thread: start-up.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace offstage::api {

/// Makes the folder (0700) if it is missing, checks it, and removes a stale socket.
/// Errors: SOCKET_PATH_TOO_LONG, SOCKET_FOLDER_UNSAFE, SOCKET_PATH_TAKEN, ANOTHER_DAEMON.
Status prepare_socket(const std::filesystem::path& socket);

/// 0600, after it was bound.
Status protect_socket(const std::filesystem::path& socket);

}  // namespace offstage::api
