// SPDX-License-Identifier: Apache-2.0
#include "core/timeouts.h"

#include <gtest/gtest.h>

namespace offstage::core {
namespace {

using namespace std::chrono_literals;

TEST(Timeouts, durations_read_as_people_say_them) {
  EXPECT_EQ(text_of(30s), "30 s");
  EXPECT_EQ(text_of(1500ms), "1.5 s");
  EXPECT_EQ(text_of(250ms), "250 ms");
  EXPECT_EQ(text_of(10min), "10 min");
  EXPECT_EQ(text_of(90s), "90 s");
  EXPECT_EQ(text_of(2h), "2 h");
}

TEST(Timeouts, the_failure_says_which_and_how_long) {
  Timeouts timeouts;
  timeouts.run = 30s;
  const Failure failure = timed_out(Timeout::run, timeouts);
  EXPECT_EQ(failure.reason, Reason::timed_out);
  EXPECT_EQ(failure.message, "timed out: ran longer than 30 s (run timeout)");
  EXPECT_EQ(failure.fields, (std::vector<std::pair<std::string, std::string>>{{"timeout", "run"}}));
  EXPECT_FALSE(failure.hint.empty());
}

TEST(Timeouts, the_start_timeout_is_ten_minutes_unless_set_and_ends_with_the_first_line) {
  Attempt attempt;
  attempt.assigned = Mono(100s);
  Timeouts timeouts;
  EXPECT_EQ(next_timeout(attempt, timeouts)->at, Mono(100s) + 10min);
  timeouts.start = 5s;
  EXPECT_EQ(next_timeout(attempt, timeouts)->at, Mono(105s));
  attempt.state = AttemptState::running;
  EXPECT_FALSE(next_timeout(attempt, timeouts));
}

TEST(Timeouts, of_run_and_progress_the_earlier_one) {
  Attempt attempt;
  attempt.state = AttemptState::running;
  attempt.started = attempt.progressed = Mono(100s);
  Timeouts timeouts;
  timeouts.run = 60s;
  timeouts.progress = 20s;
  EXPECT_EQ(next_timeout(attempt, timeouts)->which, Timeout::progress);
  attempt.progressed = Mono(150s);
  EXPECT_EQ(next_timeout(attempt, timeouts)->which, Timeout::run);
}

}  // namespace
}  // namespace offstage::core
