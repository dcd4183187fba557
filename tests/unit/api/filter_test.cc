// SPDX-License-Identifier: Apache-2.0
//
// Filters: what they let through, and what is refused.
#include "api/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offstage::api {
namespace {

using testing::HasSubstr;

store::Filter parsed(std::string_view text) {
  auto filter = parse_filter(text);
  EXPECT_TRUE(filter) << text << ": " << filter.error().message;
  return filter ? *filter : store::Filter{};
}
constexpr std::uint16_t state_bit(core::JobState state) { return static_cast<std::uint16_t>(1U << static_cast<unsigned>(state)); }

TEST(Filter, empty_lets_all_through) {
  const store::Filter filter = parsed("  ");
  EXPECT_EQ(filter.states, 0);
  EXPECT_FALSE(filter.ids || filter.display_name || filter.min_priority || filter.created_after);
}

TEST(Filter, states_combine) {
  const auto queued = state_bit(core::JobState::queued), running = state_bit(core::JobState::running);
  EXPECT_EQ(parsed("state = RUNNING").states, running);
  EXPECT_EQ(parsed("state=STATE_RUNNING").states, running);
  EXPECT_EQ(parsed("state = (QUEUED OR running)").states, queued | running);
  EXPECT_EQ(parsed("state = (QUEUED OR RUNNING) AND state != QUEUED").states, running);
  EXPECT_EQ(parsed("state != SUCCEEDED").states & state_bit(core::JobState::succeeded), 0);
}

TEST(Filter, a_contradiction_matches_nothing) {
  const store::Filter filter = parsed("state = RUNNING AND state = QUEUED");
  ASSERT_TRUE(filter.ids);
  EXPECT_GT(filter.ids->first, filter.ids->second);
}

TEST(Filter, fields_are_read) {
  const store::Filter filter =
      parsed(R"(labels.shot = "01\"0" AND display_name = 'a b' AND priority >= 100 AND priority < 200 AND create_time > "2026-01-31T00:00:00Z")");
  EXPECT_EQ(filter.labels, (std::vector<std::pair<std::string, std::string>>{{"shot", "01\"0"}}));
  EXPECT_EQ(filter.display_name, "a b");
  EXPECT_EQ(filter.min_priority, 100);
  EXPECT_EQ(filter.max_priority, 199);
  EXPECT_EQ(*filter.created_after, Wall(std::chrono::sys_days(std::chrono::year(2026) / 1 / 31)));
}

TEST(Filter, an_id_may_be_shortened) {
  const store::Filter filter = parsed(R"(uid = "3fa9*")");
  EXPECT_EQ(filter.ids->first.hex(), "3fa9" + std::string(28, '0'));
  EXPECT_EQ(filter.ids->second.hex(), "3fa9" + std::string(28, 'f'));
}

TEST(Filter, what_is_wrong_is_refused_with_its_place) {
  for (const char* text : {"state",
                           "state =",
                           "state = FOO",
                           "state > RUNNING",
                           "state = (QUEUED RUNNING)",
                           "state = RUNNING OR state = QUEUED",
                           "state = RUNNING AND",
                           "labels. = x",
                           "colour = red",
                           "display_name > x",
                           "display_name = \"x",
                           "priority = much",
                           "priority != 3",
                           "priority = 5000",
                           "create_time > yesterday",
                           "create_time = \"2026-01-31T00:00:00Z\"",
                           "uid = \"XYZ*\"",
                           "uid = \"3fa9\"",
                           ")",
                           "=",
                           "\xff"}) {
    const auto filter = parse_filter(text);
    ASSERT_FALSE(filter) << text;
    EXPECT_EQ(filter.error().reason, "BAD_FILTER") << text;
    EXPECT_THAT(filter.error().message, HasSubstr("at byte ")) << text;
  }
}

}  // namespace
}  // namespace offstage::api
