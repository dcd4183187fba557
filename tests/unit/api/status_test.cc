// SPDX-License-Identifier: Apache-2.0
//
// Errors as statuses: what travels, in which form, and that it fits.
#include "api/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/text.h"
#include "specs.h"

namespace offstage::api {
namespace {

TEST(StatusDetails, reason_hint_field_and_facts_travel) {
  const Error error{Code::invalid_argument, "BAD_X", "x is bad", "make it good", "spec.x", {{"file", "/x"}}};
  const grpc::Status status = to_status(error);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "x is bad");
  const auto info = detail_of<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->reason(), "BAD_X");
  EXPECT_EQ(info->domain(), "offstage");
  EXPECT_EQ(info->metadata().at("hint"), "make it good");
  EXPECT_EQ(info->metadata().at("field"), "spec.x");
  EXPECT_EQ(info->metadata().at("file"), "/x");
  EXPECT_EQ(detail_of<google::rpc::BadRequest>(status)->field_violations(0).field(), "spec.x");
}

TEST(StatusDetails, each_code_has_its_kind_of_detail) {
  const auto with = [](Code code) { return to_status({code, "R", "m", "h", "", {{"name", "n"}}}); };
  EXPECT_EQ(detail_of<google::rpc::PreconditionFailure>(with(Code::failed_precondition))->violations(0).type(), "R");
  EXPECT_TRUE(detail_of<google::rpc::QuotaFailure>(with(Code::resource_exhausted)));
  EXPECT_EQ(detail_of<google::rpc::ResourceInfo>(with(Code::not_found))->resource_name(), "n");
  EXPECT_TRUE(detail_of<google::rpc::ResourceInfo>(with(Code::already_exists)));
  EXPECT_GT(detail_of<google::rpc::RetryInfo>(with(Code::unavailable))->retry_delay().seconds(), 0);
}

TEST(StatusDetails, fit_into_a_header_whatever_they_say) {
  Error error{Code::failed_precondition, "R", std::string(100'000, '\xff'), std::string(100'000, 'h'), std::string(100'000, 'f')};
  for (int i = 0; i < 50; ++i) error.fields.emplace_back("key" + std::to_string(i), std::string(100'000, 'v'));
  const grpc::Status status = to_status(error);
  EXPECT_LT(status.error_message().size() * 3 + status.error_details().size() * 4 / 3, 8000U);
  EXPECT_FALSE(invalid_utf8(status.error_message()));
}

TEST(StatusDetails, a_failure_of_a_job_has_the_same_form) {
  core::Failure failure;
  failure.reason = core::Reason::timed_out;
  failure.message = "it took too long";
  failure.fields = {{"timeout", "run"}};
  const google::rpc::Status status = to_rpc_status(failure);
  EXPECT_EQ(status.code(), static_cast<int>(Code::deadline_exceeded));
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(status.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "TIMED_OUT");
  EXPECT_EQ(info.metadata().at("timeout"), "run");
}

}  // namespace
}  // namespace offstage::api
