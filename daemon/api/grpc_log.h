// SPDX-License-Identifier: Apache-2.0
//
// gRPC's own log, into ours. The only file that knows gpr's log function, which gRPC 1.65 drops.
//
// Thread: start-up.
#pragma once

namespace offstage::api {

void log_grpc_by_spdlog();

}  // namespace offstage::api
