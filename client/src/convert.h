// SPDX-License-Identifier: Apache-2.0
//
// Between the library's value types and offstage.v1. Nothing is checked and nothing is defaulted here, but one thing: text that is not UTF-8 cannot travel.
#pragma once

#include <offstage/v1/blender_service.pb.h>
#include <offstage/v1/job_service.pb.h>
#include <offstage/v1/node_service.pb.h>

#include <offstage/requests.h>
#include <offstage/result.h>

namespace offstage::inline client {

namespace pb = ::offstage::v1;

/// Errors: invalid_argument NOT_UTF8, with the field's path.
Status to_proto(const JobSpec& spec, pb::JobSpec& out);

google::protobuf::Duration to_proto(Duration duration);
/// "3.4.1-blender" from the resource name "blenders/3.4.1-blender": what a selector takes and people read.
std::string blender_name(const std::string& resource);

Job from_proto(const pb::Job& job);
Attempt from_proto(const pb::Attempt& attempt);
Blender from_proto(const pb::Blender& blender);
Zygote from_proto(const pb::Zygote& zygote);
Node from_proto(const pb::Node& node);
Server from_proto(const pb::Server& server);
Garbage from_proto(const pb::Garbage& garbage);
ResultFile from_proto(const pb::ResultFile& file);
WatchEvent from_proto(const pb::WatchJobsResponse& event);

}  // namespace offstage::inline client
