// SPDX-License-Identifier: Apache-2.0
//
// The one place where errors of ours become statuses of gRPC, with the details of AIP-193: ErrorInfo{reason, domain "offstage", metadata} always, with what to
// do in metadata["hint"] and the request's field in metadata["field"]; and what fits the code: BadRequest, PreconditionFailure, QuotaFailure, ResourceInfo,
// RetryInfo. A failed job carries the same message, so that clients need one piece of code.
//
// gRPC sends details as header text of at most 8 KiB, so everything is clipped.
//
// Thread: any; pure functions.
#pragma once

#include <google/rpc/status.pb.h>
#include <grpcpp/support/status.h>

#include "base/result.h"
#include "core/model.h"

namespace offstage::api {

grpc::Status to_status(const Error& error);
google::rpc::Status to_rpc_status(const Error& error);
/// Job.error and Attempt.error. Not clipped: it travels as a message.
google::rpc::Status to_rpc_status(const core::Failure& failure);
/// "SCRIPT_ERROR"; "" for none.
std::string reason_name(core::Reason reason);

}  // namespace offstage::api
