// SPDX-License-Identifier: Apache-2.0
#include "api/status.h"

#include <google/rpc/error_details.pb.h>

#include "api/text.h"
#include "offstage/v1/job.pb.h"

namespace offstage::api {
namespace {

constexpr std::size_t kMessageClip = 500, kValueClip = 250, kFacts = 6;

void pack(const google::protobuf::Message& detail, google::rpc::Status& status) { status.add_details()->PackFrom(detail); }

/// What the error is about: the first of its facts, else the request's field.
std::string subject(const Error& error) { return clip(error.fields.empty() ? error.field : error.fields.front().second, kValueClip); }

void add_kind_of_detail(const Error& error, const std::string& message, google::rpc::Status& status) {
  if (error.code == Code::invalid_argument && !error.field.empty()) {
    google::rpc::BadRequest detail;
    auto* violation = detail.add_field_violations();
    violation->set_field(clip(error.field, kValueClip));
    violation->set_description(message);
    pack(detail, status);
  } else if (error.code == Code::failed_precondition) {
    google::rpc::PreconditionFailure detail;
    auto* violation = detail.add_violations();
    violation->set_type(error.reason);
    violation->set_subject(subject(error));
    violation->set_description(message);
    pack(detail, status);
  } else if (error.code == Code::resource_exhausted) {
    google::rpc::QuotaFailure detail;
    auto* violation = detail.add_violations();
    violation->set_subject(error.reason);
    violation->set_description(message);
    pack(detail, status);
  } else if (error.code == Code::not_found || error.code == Code::already_exists) {
    google::rpc::ResourceInfo detail;
    detail.set_resource_name(subject(error));
    detail.set_description(message);
    pack(detail, status);
  } else if (error.code == Code::unavailable) {
    google::rpc::RetryInfo detail;
    detail.mutable_retry_delay()->set_seconds(1);
    pack(detail, status);
  }
}

Code code_of(core::Reason reason) {
  switch (reason) {
    case core::Reason::timed_out:
      return Code::deadline_exceeded;
    case core::Reason::out_of_memory:
    case core::Reason::disk_full:
      return Code::resource_exhausted;
    case core::Reason::blender_unavailable:
    case core::Reason::preflight:
    case core::Reason::scene_unreadable:
      return Code::failed_precondition;
    case core::Reason::result_invalid:
      return Code::invalid_argument;
    case core::Reason::crashed:
      return Code::internal;
    case core::Reason::lost:
      return Code::data_loss;
    default:
      return Code::unknown;
  }
}

}  // namespace

google::rpc::Status to_rpc_status(const Error& error) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(error.code));
  const std::string message = clip(error.message, kMessageClip);
  status.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_reason(error.reason);
  info.set_domain("offstage");
  auto& metadata = *info.mutable_metadata();
  for (std::size_t i = 0; i < error.fields.size() && i < kFacts; ++i) metadata[error.fields[i].first] = clip(error.fields[i].second, kValueClip);
  if (!error.hint.empty()) metadata["hint"] = clip(error.hint, kValueClip);
  if (!error.field.empty()) metadata["field"] = clip(error.field, kValueClip);
  pack(info, status);
  add_kind_of_detail(error, message, status);
  return status;
}

grpc::Status to_status(const Error& error) {
  const google::rpc::Status status = to_rpc_status(error);
  return {static_cast<grpc::StatusCode>(status.code()), status.message(), status.SerializeAsString()};
}

std::string reason_name(core::Reason reason) {
  if (reason == core::Reason::none) return "";
  return v1::Reason_Name(static_cast<v1::Reason>(reason)).substr(std::string_view("REASON_").size());
}

google::rpc::Status to_rpc_status(const core::Failure& failure) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code_of(failure.reason)));
  status.set_message(clip(failure.message, std::string::npos));
  google::rpc::ErrorInfo info;
  info.set_reason(reason_name(failure.reason));
  info.set_domain("offstage");
  for (const auto& [key, value] : failure.fields) (*info.mutable_metadata())[key] = clip(value, std::string::npos);
  if (!failure.hint.empty()) (*info.mutable_metadata())["hint"] = clip(failure.hint, std::string::npos);
  pack(info, status);
  return status;
}

}  // namespace offstage::api
