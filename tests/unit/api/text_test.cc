// SPDX-License-Identifier: Apache-2.0
//
// UTF-8, control characters, quoting.
#include "api/text.h"

#include <gtest/gtest.h>

namespace offstage::api {
namespace {

TEST(Text, finds_the_first_byte_that_is_not_utf8) {
  EXPECT_FALSE(invalid_utf8("plain ü € 𝄞"));
  EXPECT_EQ(invalid_utf8("ab\xff"), 2U);
  EXPECT_EQ(invalid_utf8("\xc0\x80"), 0U);       // overlong
  EXPECT_EQ(invalid_utf8("a\xed\xa0\x80"), 1U);  // a surrogate
  EXPECT_EQ(invalid_utf8("\xe2\x82"), 0U);       // cut off
}

TEST(Text, finds_control_characters_of_both_kinds) {
  EXPECT_FALSE(control_character("ü ok"));
  EXPECT_EQ(control_character("a\nb"), 1U);
  EXPECT_EQ(control_character("a\x7f"), 1U);
  EXPECT_EQ(control_character("a\xc2\x9b"), 1U);  // CSI
}

TEST(Text, is_cut_between_characters_and_mended) {
  EXPECT_EQ(clip("üüü", 5), "üü…");
  EXPECT_EQ(clip("a\xff", 5), "a?");
  EXPECT_EQ(in_quotes("a\nb\x1b"), "\"a\\nb\\x1b\"");
}

}  // namespace
}  // namespace offstage::api
