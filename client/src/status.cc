// SPDX-License-Identifier: Apache-2.0
#include "status.h"

#include <google/rpc/error_details.pb.h>

#include <map>

namespace offstage::inline client {
namespace {

void add_info(const google::rpc::ErrorInfo& info, Error& error) {
  error.reason = info.reason();
  const std::map<std::string, std::string> sorted(info.metadata().begin(), info.metadata().end());  // protobuf's map has no order
  for (const auto& [key, value] : sorted) {
    if (key == "hint") {
      error.hint = value;
    } else {
      error.fields.emplace_back(key, value);
    }
  }
}

void add_violations(const google::rpc::BadRequest& request, Error& error) {
  for (const auto& violation : request.field_violations())
    if (error.field("field").empty()) error.fields.emplace_back("field", violation.field());
}

}  // namespace

Error to_error(const google::rpc::Status& status) {
  Error error{.code = static_cast<Code>(status.code()), .message = status.message()};
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest request;
    if (detail.UnpackTo(&info)) add_info(info, error);
    if (detail.UnpackTo(&request)) add_violations(request, error);
  }
  return error;
}

Error to_error(const grpc::Status& status) {
  google::rpc::Status full;
  if (!status.error_details().empty() && full.ParseFromString(status.error_details())) {
    full.set_code(status.error_code());
    return to_error(full);
  }
  Error error{.code = static_cast<Code>(status.error_code()), .message = status.error_message()};
  if (error.code == Code::deadline_exceeded) {
    error.message = "the daemon did not answer in time";
    error.hint = "`offstage doctor` looks for the cause; `offstage daemon logs` shows what the daemon says";
  } else if (error.code == Code::unavailable) {
    error.message = "the daemon cannot be reached: " + error.message;
    error.hint = "`offstage doctor` looks for the cause";
  } else if (error.code == Code::resource_exhausted) {
    error.reason = "MESSAGE_TOO_LARGE";
    error.message = "the message is too large for the daemon";
    error.hint = "pass large data as files; `offstage status --json` shows the limits";
    error.fields = {{"detail", status.error_message()}};
  } else if (error.code == Code::unauthenticated) {
    error.hint = "give the token that `offstaged --make-tls DIR` made on the daemon's machine";
  } else if (error.code == Code::unimplemented) {
    error.message = "the daemon does not know this call";
    error.hint = "daemon and client have different versions: `offstage daemon restart` after an upgrade";
  }
  return error;
}

}  // namespace offstage::inline client
