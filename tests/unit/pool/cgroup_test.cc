// SPDX-License-Identifier: Apache-2.0
//
// On folders that look like the kernel's; rmdir(2) of a group takes its files along only in the real one.
#include "pool/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "temp_folder.h"

namespace offstage::pool {
namespace {

class Cgroup : public testing::Test {
 protected:
  void tree(const std::string& ours) {
    folder_.write("proc/self/cgroup", "4:memory:/elsewhere\n0::" + ours + "\n");
    folder_.write("proc/self/mountinfo",
                  "30 20 0:26 /part /sys/fs/wrong rw - cgroup2 cgroup2 rw\n31 20 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n");
    folder_.write("sys/fs/cgroup/a.service/offstage/cgroup.procs", "1\n");
    folder_.write("sys/fs/cgroup/a.service/cgroup.subtree_control", "");
  }
  std::string text(const std::string& file) {
    std::ifstream in(folder_.path / file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::filesystem::path above() { return folder_.path / "sys/fs/cgroup/a.service"; }
  TempFolder folder_;
};

TEST_F(Cgroup, the_group_above_one_called_offstage_is_divided) {
  tree("/a.service/offstage");
  folder_.write("sys/fs/cgroup/a.service/cgroup.subtree_control", "cpuset hugetlb memory pids");
  EXPECT_EQ(delegated_cgroup(folder_.path), above());
  EXPECT_EQ(text("sys/fs/cgroup/a.service/cgroup.subtree_control"), "+memory +pidsb memory pids") << "was asked for, over the first words";
}

TEST_F(Cgroup, is_taken_only_if_the_kernel_holds_memory_and_processes_there) {
  tree("/a.service/offstage");
  EXPECT_EQ(delegated_cgroup(folder_.path), "") << "it says what was written, not which controllers there are";
  std::filesystem::remove(above() / "cgroup.subtree_control");
  std::filesystem::create_symlink("/dev/full", above() / "cgroup.subtree_control");
  EXPECT_EQ(delegated_cgroup(folder_.path), "") << "a write that is refused";
}

TEST_F(Cgroup, a_group_of_another_name_is_not_ours_to_divide) {
  tree("/a.service");
  EXPECT_EQ(delegated_cgroup(folder_.path), "");
  EXPECT_EQ(text("sys/fs/cgroup/a.service/cgroup.subtree_control"), "");
}

TEST_F(Cgroup, a_machine_without_version_2_has_none) {
  folder_.write("proc/self/cgroup", "4:memory:/elsewhere\n");
  folder_.write("proc/self/mountinfo", "");
  EXPECT_EQ(delegated_cgroup(folder_.path), "");
}

TEST_F(Cgroup, what_keepers_left_is_killed_and_removed_but_what_is_to_be_kept_and_what_is_not_ours) {
  const AttemptId old = AttemptId::random(), kept = AttemptId::random();
  for (const AttemptId id : {old, kept}) std::filesystem::create_directories(above() / id.hex());
  std::filesystem::create_directories(above() / "offstage");
  remove_cgroups(above(), [&](AttemptId id) { return id == kept; });
  EXPECT_FALSE(std::filesystem::exists(above() / old.hex()));
  EXPECT_TRUE(std::filesystem::exists(above() / kept.hex()) && std::filesystem::exists(above() / "offstage"));
}

TEST_F(Cgroup, what_still_dies_in_a_group_is_killed_and_told) {
  const AttemptId id = AttemptId::random();
  folder_.write("sys/fs/cgroup/a.service/" + id.hex() + "/cgroup.kill", "");
  EXPECT_FALSE(remove_cgroup(above(), id));
  EXPECT_EQ(text("sys/fs/cgroup/a.service/" + id.hex() + "/cgroup.kill"), "1");
}

}  // namespace
}  // namespace offstage::pool
