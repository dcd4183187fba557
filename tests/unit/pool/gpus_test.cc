// SPDX-License-Identifier: Apache-2.0
#include "pool/gpus.h"

#include <gtest/gtest.h>

#include <map>

namespace offstage::pool {
namespace {

std::map<std::string, std::string> by_name(const Variables& variables) { return {variables.begin(), variables.end()}; }

TEST(Gpus, hidden_ones_are_hidden_from_each_driver) {
  auto hidden = by_name(hidden_gpus());
  EXPECT_EQ(hidden["CUDA_VISIBLE_DEVICES"], "-1");
  EXPECT_EQ(hidden["HIP_VISIBLE_DEVICES"], "-1");
  EXPECT_EQ(hidden["ROCR_VISIBLE_DEVICES"], "-1");
  EXPECT_EQ(hidden["ONEAPI_DEVICE_SELECTOR"], "!*:*");
  EXPECT_EQ(hidden["ZE_AFFINITY_MASK"], "65535");
}

TEST(Gpus, a_filter_above_another_counts_what_that_has_left) {
  auto visible = by_name(visible_gpus({"2", "GPU-7f"}));
  EXPECT_EQ(visible["CUDA_VISIBLE_DEVICES"], "2,GPU-7f");
  EXPECT_EQ(visible["ROCR_VISIBLE_DEVICES"], "2,GPU-7f");
  EXPECT_EQ(visible["HIP_VISIBLE_DEVICES"], "0,1");
  EXPECT_EQ(visible["ZE_AFFINITY_MASK"], "2,GPU-7f");
  EXPECT_EQ(visible["ONEAPI_DEVICE_SELECTOR"], "level_zero:*");
}

TEST(Gpus, both_set_the_same_variables_and_nobody_else_may) {
  const auto hidden = by_name(hidden_gpus()), visible = by_name(visible_gpus({"0"}));
  EXPECT_EQ(hidden.size(), visible.size());
  for (const auto& [name, value] : hidden) {
    EXPECT_TRUE(visible.contains(name)) << name;
    EXPECT_TRUE(decides_visible_gpus(name)) << name;
  }
  EXPECT_TRUE(decides_visible_gpus("GPU_DEVICE_ORDINAL"));
  EXPECT_FALSE(decides_visible_gpus("CUDA_CACHE_PATH"));
}

}  // namespace
}  // namespace offstage::pool
