// SPDX-License-Identifier: Apache-2.0
//
// google.rpc.Status, of a refused call or in a job, as an Error: ErrorInfo gives reason, hint and facts, BadRequest the field.
#pragma once

#include <google/rpc/status.pb.h>
#include <grpcpp/support/status.h>

#include <offstage/error.h>

namespace offstage::inline client {

Error to_error(const google::rpc::Status& status);
Error to_error(const grpc::Status& status);

}  // namespace offstage::inline client
