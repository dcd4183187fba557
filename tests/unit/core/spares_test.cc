// SPDX-License-Identifier: Apache-2.0
#include "core/spares.h"

#include <gtest/gtest.h>

namespace offstage::core {
namespace {

using namespace std::chrono_literals;

constexpr Mono start(1000s);

TEST(Demand, without_any_there_are_no_spares_and_no_timer) {
  const Demand demand({8, 10min});
  EXPECT_EQ(demand.ahead(start), 0U);
  EXPECT_FALSE(demand.next_change(start));
}

TEST(Demand, one_more_than_was_assigned_within_a_second_up_to_the_most) {
  Demand demand({4, 10min});
  demand.assigned(start);
  EXPECT_EQ(demand.ahead(start), 2U);
  demand.assigned(start + 100ms);
  EXPECT_EQ(demand.ahead(start + 100ms), 3U);
  for (int i = 0; i < 20; ++i) demand.assigned(start + 200ms);
  EXPECT_EQ(demand.ahead(start + 200ms), 4U);
}

TEST(Demand, halves_each_minute_stays_one_and_ends_exactly_when_it_says) {
  Demand demand({8, 10min});
  demand.expect(8, start);
  std::vector<std::pair<unsigned, Micros>> steps;
  Mono now = start;
  while (const auto next = demand.next_change(now)) {
    EXPECT_EQ(demand.ahead(*next - 1us), demand.ahead(now));
    now = *next;
    steps.emplace_back(demand.ahead(now), now - start);
  }
  EXPECT_EQ(steps, (std::vector<std::pair<unsigned, Micros>>{{4, 1min}, {2, 2min}, {1, 3min}, {0, 10min}}));
}

TEST(Demand, a_trickle_keeps_a_trickle_ready_after_a_burst) {
  Demand demand({8, 10min});
  for (int i = 0; i < 10; ++i) demand.assigned(start);
  Mono now = start;
  for (int i = 0; i < 30; ++i) demand.assigned(now += 10s);
  EXPECT_EQ(demand.ahead(now), 2U);
}

TEST(Demand, no_spares_means_none) {
  Demand demand({0, 10min});
  demand.assigned(start);
  EXPECT_EQ(demand.ahead(start), 0U);
  EXPECT_FALSE(demand.next_change(start));
}

}  // namespace
}  // namespace offstage::core
