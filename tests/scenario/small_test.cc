// SPDX-License-Identifier: Apache-2.0
//
// All small histories of each plot. A failure prints the line that replays it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "scenario/small.h"

namespace offstage::scenario {
namespace {

class SmallHistories : public testing::TestWithParam<Plot> {};

TEST_P(SmallHistories, all_keep_every_promise) {
  const Plot& plot = GetParam();
  Path path;
  unsigned long histories = 0, broken = 0;
  do {
    try {
      live_through(plot, path);
    } catch (const std::exception& e) {
      ++broken;
      ADD_FAILURE() << "broken: " << e.what() << "\nreplay: OFFSTAGE_PATH=" << plot.name << ':' << path.text()
                    << " build/dev/tests/test_scenario --gtest_filter=OneSmallHistory.*";
    }
    ++histories;
  } while (broken < 3 && path.next());
  RecordProperty("histories", std::to_string(histories));
  std::cout << plot.name << ": " << histories << " histories\n";
  EXPECT_GT(histories, 1000U) << "a plot in which little can go wrong proves little";
}

INSTANTIATE_TEST_SUITE_P(Plots, SmallHistories, testing::ValuesIn(plots()), [](const auto& plot) { return std::string(plot.param.name); });

TEST(OneSmallHistory, by_its_path) {
  const char* asked = std::getenv("OFFSTAGE_PATH");
  const std::string text = asked ? asked : std::string(plots().front().name) + ":";
  const auto colon = text.find(':');
  Path path = Path::from(text.substr(colon + 1));
  for (const Plot& plot : plots()) {
    if (text.substr(0, colon) != plot.name) continue;
    EXPECT_NO_THROW(live_through(plot, path, &std::cout));
  }
}

}  // namespace
}  // namespace offstage::scenario
