// SPDX-License-Identifier: Apache-2.0
#include "api/context.h"

#include <spdlog/spdlog.h>

#include "base/faults.h"

namespace offstage::api {

void finish(grpc::ServerUnaryReactor* reactor, const Status& status) {
  crash_point("api.before_reply");
  reactor->Finish(status ? grpc::Status::OK : to_status(status.error()));
}

grpc::ServerUnaryReactor* refuse(grpc::CallbackServerContext* call, const Error& error) {
  auto* reactor = call->DefaultReactor();
  reactor->Finish(to_status(error));
  return reactor;
}

Error stopping_error() {
  return {Code::unavailable, "STOPPING", "the daemon is stopping or restarting", "try again in a second; what was accepted is safe", ""};
}

Error unexpected(const std::exception& e) {
  spdlog::error("a call failed: {}", e.what());
  return {Code::internal, "INTERNAL", std::string("the daemon could not answer: ") + e.what(), "see its log: `offstage daemon logs`", ""};
}

}  // namespace offstage::api
