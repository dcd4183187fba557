// SPDX-License-Identifier: Apache-2.0
//
// Request ids, resume tokens, etags: what identifies, and what is refused.
#include "api/request_id.h"

#include <gtest/gtest.h>

#include "api/convert.h"
#include "api/resume_token.h"
#include "specs.h"

namespace offstage::api {
namespace {

TEST(RequestId, gives_the_same_job_whatever_its_case_and_another_per_index) {
  const std::string id = "0b9e4a3c-2f0d-4c3e-9a51-7a1f6e9d0c11";
  EXPECT_EQ(*canonical_request_id("0B9E4A3C-2F0D-4C3E-9A51-7A1F6E9D0C11"), id);
  EXPECT_EQ(job_id(id, 0), job_id(id, 0));
  EXPECT_NE(job_id(id, 0), job_id(id, 1));
  EXPECT_NE(job_id("", 0), job_id("", 0));
}

TEST(RequestId, must_be_a_uuid) {
  for (const char* text : {"1", "0b9e4a3c2f0d4c3e9a517a1f6e9d0c11", "0b9e4a3c-2f0d-4c3e-9a51-7a1f6e9d0c1g"}) {
    ASSERT_FALSE(canonical_request_id(text)) << text;
    EXPECT_EQ(canonical_request_id(text).error().reason, "BAD_REQUEST_ID");
  }
}

TEST(RequestId, the_hash_of_a_body_does_not_depend_on_the_order_of_its_maps) {
  v1::JobSpec a = script_spec(), b = script_spec();
  for (int i = 0; i < 40; ++i) (*a.mutable_labels())["l" + std::to_string(i)] = "v";
  for (int i = 39; i >= 0; --i) (*b.mutable_labels())["l" + std::to_string(i)] = "v";
  EXPECT_EQ(body_hash(a), body_hash(b));
  b.set_priority(1);
  EXPECT_NE(body_hash(a), body_hash(b));
}

TEST(ResumeToken, comes_back_and_belongs_to_its_state) {
  EXPECT_EQ(**parse_resume_token(resume_token("abc", 17), "abc"), 17U);
  EXPECT_FALSE(*parse_resume_token(resume_token("abc", 17), "abd"));
}

TEST(Etag, comes_back_and_nothing_else_does) {
  EXPECT_EQ(**parse_etag(etag_of(99)), 99U);
  EXPECT_FALSE(*parse_etag(""));
  for (const char* text : {"99", "r", "r1x", "x1"}) EXPECT_FALSE(parse_etag(text)) << text;
}

}  // namespace
}  // namespace offstage::api
