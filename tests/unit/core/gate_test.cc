// SPDX-License-Identifier: Apache-2.0
#include "core/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace offstage::core {
namespace {

using ::testing::ElementsAre;

TEST(Gate, tasks_leave_in_the_order_of_revisions_once_these_are_durable) {
  Gate gate;
  std::vector<std::string> left;
  gate.after(0, [&] { left.push_back("nothing to wait for"); });
  gate.after(2, [&] { left.push_back("2"); });
  gate.after(1, [&] { left.push_back("1"); });
  gate.after(2, [&] { left.push_back("2 again"); });
  EXPECT_THAT(left, ElementsAre("nothing to wait for"));
  gate.open(1);
  EXPECT_THAT(left, ElementsAre("nothing to wait for", "1"));
  gate.open(2);
  EXPECT_THAT(left, ElementsAre("nothing to wait for", "1", "2", "2 again"));
}

TEST(Gate, durable_never_goes_back) {
  Gate gate;
  gate.open(5);
  gate.open(3);
  bool left = false;
  gate.after(5, [&] { left = true; });
  EXPECT_TRUE(left);
}

TEST(Gate, a_task_may_come_back_with_more) {
  Gate gate;
  int left = 0;
  gate.after(1, [&] {
    gate.after(1, [&] { ++left; });
    gate.after(2, [&] { ++left; });
  });
  gate.open(1);
  EXPECT_EQ(left, 1);
  gate.open(2);
  EXPECT_EQ(left, 2);
}

}  // namespace
}  // namespace offstage::core
