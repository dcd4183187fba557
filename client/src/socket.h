// SPDX-License-Identifier: Apache-2.0
//
// Is it safe to speak to this Unix socket, and does anybody listen? gRPC tells a client neither, so we look before it dials.
//
// Thread safety: free functions without state.
#pragma once

#include <sys/types.h>

#include <string>

#include <offstage/result.h>

namespace offstage::inline client {

/// The pid of whoever listens at `path`. Errors: unsafe_socket (SOCKET_PATH_TOO_LONG, SOCKET_UNSAFE, FOLDER_UNSAFE, PEER_UNSAFE), no_daemon (NO_SOCKET,
/// STALE_SOCKET).
Result<pid_t> probe_socket(const std::string& path);

}  // namespace offstage::inline client
