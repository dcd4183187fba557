// SPDX-License-Identifier: Apache-2.0
//
// Random histories by seed. A failure prints the line that replays it; OFFSTAGE_SEEDS=N runs N of them.
#include <gtest/gtest.h>

#include <cstdlib>

#include "scenario/world.h"

namespace offstage::scenario {
namespace {

constexpr unsigned steps = 250;

unsigned long number_of(const char* variable, unsigned long otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoul(text, nullptr, 10) : otherwise;
}

TEST(Scenario, every_promise_is_kept_in_every_history) {
  const unsigned long only = number_of("OFFSTAGE_SEED", 0);
  const unsigned long last = only ? only : number_of("OFFSTAGE_SEEDS", 2000);
  unsigned ended = 0, broken = 0;
  for (unsigned long seed = only ? only : 1; seed <= last && broken < 5; ++seed) {
    try {
      World world(seed);
      world.run(steps);
      ended += world.jobs_ended();
    } catch (const std::exception& e) {
      ++broken;
      ADD_FAILURE() << "broken: " << e.what() << "\nreplay: OFFSTAGE_SEED=" << seed << " test_scenario";
    }
  }
  EXPECT_GT(ended, 0U) << "histories in which nothing ends prove nothing";
}

}  // namespace
}  // namespace offstage::scenario
