// SPDX-License-Identifier: Apache-2.0
#include "core/timers.h"

#include <gtest/gtest.h>

namespace offstage::core {
namespace {

using namespace std::chrono_literals;

TEST(Timers, the_earliest_comes_first_and_only_when_due) {
  Timers<int> timers;
  timers.set(1, Mono(20s));
  timers.set(2, Mono(10s));
  EXPECT_EQ(timers.next(), Mono(10s));
  EXPECT_EQ(timers.pop(Mono(9s)), std::nullopt);
  EXPECT_EQ(timers.pop(Mono(30s)), 2);
  EXPECT_EQ(timers.pop(Mono(30s)), 1);
  EXPECT_EQ(timers.pop(Mono(30s)), std::nullopt);
}

TEST(Timers, a_new_deadline_replaces_the_old_one_and_a_cleared_one_wakes_nobody) {
  Timers<int> timers;
  timers.set(1, Mono(10s));
  timers.set(1, Mono(20s));
  EXPECT_EQ(timers.next(), Mono(20s));
  timers.clear(1);
  timers.clear(1);
  EXPECT_EQ(timers.next(), std::nullopt);
}

}  // namespace
}  // namespace offstage::core
