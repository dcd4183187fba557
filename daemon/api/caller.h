// SPDX-License-Identifier: Apache-2.0
//
// Who makes a call, as far as that is known: from the user-agent, "PROGRAM/VERSION (USER@HOST) grpc-…", which our clients send and others may, and from the
// address. A claim for people to read ("cancelled by …"), not a proof.
//
// Thread: any; pure functions.
#pragma once

#include <grpcpp/server_context.h>

#include <string>
#include <string_view>

namespace offstage::api {

/// "alice@desk, with offstage/0.1.0"
std::string caller(const grpc::CallbackServerContext& call);
/// Its parts. `peer` as gRPC has it: "unix:", "ipv4:10.0.0.3:4711". `own_user`: who must be at the other end of a Unix socket.
std::string caller(std::string_view user_agent, std::string_view peer, std::string_view own_user);

}  // namespace offstage::api
