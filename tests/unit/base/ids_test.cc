// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <gtest/gtest.h>

namespace offstage {
namespace {

TEST(Ids, the_text_form_comes_back) {
  const JobId id = JobId::random();
  EXPECT_EQ(id.hex().size(), 32U);
  EXPECT_EQ(JobId::parse(id.hex()), id);
}

TEST(Ids, only_32_lower_case_digits_are_an_id) {
  EXPECT_FALSE(JobId::parse(""));
  EXPECT_FALSE(JobId::parse("00112233445566778899aabbccddeef"));
  EXPECT_FALSE(JobId::parse("00112233445566778899aabbccddeeff0"));
  EXPECT_FALSE(JobId::parse("00112233445566778899AABBCCDDEEFF"));
  EXPECT_FALSE(JobId::parse("0011223344556677 899aabbccddeeff"));
  EXPECT_TRUE(JobId::parse("00112233445566778899aabbccddeeff"));
}

TEST(Ids, random_ones_differ_and_zero_is_none_of_them) {
  EXPECT_NE(JobId::random(), JobId::random());
  EXPECT_FALSE(JobId::random().is_zero());
  EXPECT_TRUE(JobId{}.is_zero());
}

}  // namespace
}  // namespace offstage
