// SPDX-License-Identifier: Apache-2.0
//
// Random histories by seed, in parts that run side by side. A failure prints the line that replays it and tells what happened.
#include <gtest/gtest.h>

#include <iostream>

#include "scenario/history.h"
#include "scenario/seeds.h"

namespace offstage::scenario {
namespace {

constexpr unsigned parts = 16;

class Histories : public testing::TestWithParam<unsigned> {};

TEST_P(Histories, keep_every_promise) {
  const Seeds seeds;
  unsigned ended = 0, broken = 0;
  for (unsigned long seed = seeds.first + GetParam(); seed < seeds.end && broken < 3; seed += parts) {
    try {
      History history(seed);
      history.run();
      ended += history.world().jobs_ended();
    } catch (const std::exception& e) {
      ++broken;
      ADD_FAILURE() << "broken: " << e.what() << "\nreplay: OFFSTAGE_SEED=" << seed << " build/dev/tests/test_scenario --gtest_filter=OneHistory.*";
    }
  }
  EXPECT_TRUE(ended > 0 || seeds.first + GetParam() >= seeds.end) << "histories in which nothing ends prove nothing";
}

INSTANTIATE_TEST_SUITE_P(Seeds, Histories, testing::Range(0U, parts));

TEST(OneHistory, by_its_seed) {
  const Seeds seeds;
  EXPECT_NO_THROW(History(seeds.only != 0 ? seeds.only : seeds.first, &std::cout).run());
}

}  // namespace
}  // namespace offstage::scenario
