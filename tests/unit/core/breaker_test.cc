// SPDX-License-Identifier: Apache-2.0
#include "core/breaker.h"

#include <gtest/gtest.h>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::attempt_id;
using namespace std::chrono_literals;
using State = Breaker::State;

struct Trips : ::testing::Test {
  Breaker breaker;
  Mono now{1000s};
  std::uint8_t attempts = 0;
  void crash(unsigned times = 1) {
    for (unsigned i = 0; i < times; ++i) breaker.crashed(attempt_id(++attempts), "it crashed", now);
  }
  State state() { return breaker.state(now); }
};

TEST_F(Trips, five_crashes_in_a_row_open_it_and_four_do_not) {
  crash(4);
  EXPECT_EQ(state(), State::closed);
  crash();
  EXPECT_EQ(state(), State::open);
  EXPECT_EQ(breaker.crashes(), 5U);
  EXPECT_EQ(breaker.why(), "it crashed");
}

TEST_F(Trips, one_that_works_takes_all_crashes_back) {
  crash(4);
  breaker.worked();
  crash(4);
  EXPECT_EQ(state(), State::closed);
}

TEST_F(Trips, crashes_beyond_the_window_are_forgotten) {
  crash(4);
  now += 10min + 1us;
  crash(4);
  EXPECT_EQ(state(), State::closed);
  EXPECT_FALSE(breaker.idle(now));
  now += 10min + 1us;
  EXPECT_TRUE(breaker.idle(now));
}

TEST_F(Trips, after_its_pause_one_trial_is_due_and_only_one) {
  crash(5);
  now += 30s - 1us;
  EXPECT_FALSE(breaker.trial_is_due(now));
  now += 1us;
  EXPECT_TRUE(breaker.trial_is_due(now));
  breaker.begin_trial(attempt_id(99));
  EXPECT_EQ(state(), State::trial);
  EXPECT_FALSE(breaker.trial_is_due(now));
}

TEST_F(Trips, a_trial_that_works_closes_it_and_one_that_crashes_doubles_the_pause) {
  crash(5);
  now += 30s;
  breaker.begin_trial(attempt_id(99));
  breaker.crashed(attempt_id(99), "again", now);
  EXPECT_EQ(breaker.until(), now + 60s);
  now += 60s;
  EXPECT_TRUE(breaker.trial_is_due(now)) << "the last trial is over";
  breaker.begin_trial(attempt_id(100));
  breaker.worked();
  EXPECT_EQ(state(), State::closed);
  crash(4);
  EXPECT_EQ(state(), State::closed) << "trust is whole again";
}

TEST_F(Trips, a_trial_that_was_cancelled_says_nothing_and_the_next_one_is_due) {
  crash(5);
  now += 30s;
  breaker.begin_trial(attempt_id(99));
  breaker.told_nothing(attempt_id(98));
  EXPECT_FALSE(breaker.trial_is_due(now));
  breaker.told_nothing(attempt_id(99));
  EXPECT_TRUE(breaker.trial_is_due(now));
}

TEST_F(Trips, the_pause_has_an_end_however_often_it_crashes) {
  crash(5);
  for (int i = 0; i < 20; ++i) {
    now = breaker.until();
    crash();
  }
  EXPECT_EQ(breaker.until(), now + 15min);
}

TEST_F(Trips, crashes_of_workers_that_were_forked_before_do_not_prolong_the_pause) {
  crash(5);
  const Mono until = breaker.until();
  now += 1s;
  crash(3);
  EXPECT_EQ(breaker.until(), until);
}

TEST_F(Trips, a_zygote_that_cannot_be_had_opens_it_at_once) {
  breaker.failed("no memory", now);
  EXPECT_EQ(state(), State::open);
  EXPECT_EQ(breaker.until(), now + 5min);
  EXPECT_EQ(breaker.crashes(), 0U);
}

}  // namespace
}  // namespace offstage::core
