// SPDX-License-Identifier: Apache-2.0
#include "app/enforcement.h"

#include <gtest/gtest.h>

namespace offstage::app {
namespace {

const std::filesystem::path state = std::filesystem::temp_directory_path();

TEST(Enforcement, without_a_cgroup_memory_is_sampled_and_processes_are_the_user_s) {
  const auto told = enforcement("", 0, state, 1000);
  EXPECT_EQ(told.at("memory"), "private memory of a script's processes, sampled every 100 ms, RLIMIT_DATA behind it");
  EXPECT_EQ(told.at("processes"), "RLIMIT_NPROC: half of what the user may have, threads counted");
  EXPECT_EQ(told.at("process_tree"), "subreaper");
  EXPECT_EQ(told.at("log"), "none");
}

TEST(Enforcement, nothing_is_pretended_for_root) { EXPECT_EQ(enforcement("", 0, state, 0).at("processes"), "none: RLIMIT_NPROC does not hold for root"); }

TEST(Enforcement, a_cgroup_holds_all_of_them_for_root_too) {
  const auto told = enforcement("/sys/fs/cgroup/a.service", 0, state, 0);
  EXPECT_EQ(told.at("memory"), "cgroup, RLIMIT_DATA behind it");
  EXPECT_EQ(told.at("processes"), "cgroup: 4096 of a script, threads counted");
  EXPECT_EQ(told.at("process_tree"), "subreaper, cgroup");
}

}  // namespace
}  // namespace offstage::app
