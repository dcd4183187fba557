// SPDX-License-Identifier: Apache-2.0
#include "core/failure_json.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace offstage::core {
namespace {

TEST(FailureJson, every_part_comes_back_and_the_scripts_error_byte_for_byte) {
  const Failure failure{Reason::script_error, "ValueError: \"x\"\n", "look", {{"b", "1"}, {"a", "2"}}, R"({"line":  1e400})"};
  const Failure back = failure_from_json(to_json(failure));
  EXPECT_EQ(back.reason, failure.reason);
  EXPECT_EQ(back.message, failure.message);
  EXPECT_EQ(back.hint, failure.hint);
  EXPECT_EQ(back.fields, failure.fields);
  EXPECT_EQ(back.script_error_json, failure.script_error_json);
}

TEST(FailureJson, text_that_is_no_utf8_is_repaired_rather_than_lost) {
  EXPECT_EQ(failure_from_json(to_json({Reason::crashed, "a\xff", "", {}, {}})).message, "a\xEF\xBF\xBD");
}

TEST(FailureJson, other_text_is_refused) {
  EXPECT_THROW(failure_from_json("{"), std::runtime_error);
  EXPECT_THROW(failure_from_json("[]"), std::runtime_error);
}

}  // namespace
}  // namespace offstage::core
