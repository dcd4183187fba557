// SPDX-License-Identifier: Apache-2.0
//
// Blenders are shell scripts here: they answer the question, or fail to.
#include "pool/discovery.h"

#include <gtest/gtest.h>

#include "pool/files.h"
#include "unit/pool/temp_folder.h"

namespace offstage::pool {
namespace {

class Discovery : public ::testing::Test {
 protected:
  std::filesystem::path answers(const std::string& name, const std::string& version, const std::string& more = {}) {
    return folder_.write(name,
                         "#!/bin/sh\necho ran >> \"" + (folder_.path / "runs").string() + "\"\necho 'Blender said something'\n" +
                             "echo 'OFFSTAGE-BLENDER {\"version\": \"" + version + "\", \"build_hash\": \"abc\", \"python\": \"/usr/bin/python3\"}'\n" + more +
                             "\n",
                         0755);
  }
  std::vector<Blender> discover(std::vector<std::filesystem::path> configured, const std::string& preferred = {}) {
    return pool::discover({std::move(configured), preferred, false}, children_, folder_.path / "cache", folder_.path / "keepers");
  }
  std::size_t runs() {
    const auto text = read_file(folder_.path / "runs", 1 << 20).value_or("");
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  Discovery() { std::filesystem::create_directory(folder_.path / "cache"); }
  TempFolder folder_;
  Children children_;
};

TEST_F(Discovery, one_in_a_path_with_spaces_says_what_it_is) {
  const auto found = discover({answers("a folder/blender", "4.5.15 LTS")});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].error, "");
  EXPECT_EQ(found[0].name, "4.5.15-blender");
  EXPECT_EQ(found[0].version, (Version{4, 5, 15}));
  EXPECT_EQ(found[0].build_hash, "abc");
  EXPECT_EQ(found[0].python, "/usr/bin/python3");
  EXPECT_FALSE(found[0].module);
}

TEST_F(Discovery, a_second_look_runs_nothing_until_the_file_changes) {
  const auto file = answers("blender", "4.5.1");
  discover({file});
  EXPECT_EQ(discover({file})[0].version, (Version{4, 5, 1}));
  EXPECT_EQ(runs(), 1U);
  answers("blender", "4.5.22");
  EXPECT_EQ(discover({file})[0].version, (Version{4, 5, 22}));
  EXPECT_EQ(runs(), 2U);
}

TEST_F(Discovery, broken_ones_are_listed_with_the_reason_and_after_the_others) {
  const auto found = discover({folder_.write("dies/blender", "#!/bin/sh\necho 'libnothing.so.1: cannot open' >&2\nexit 127\n", 0755), folder_.path / "missing",
                               folder_.write("mute/blender", "#!/bin/sh\nexit 0\n", 0755), folder_.write("plain/blender", "no program"),
                               folder_.write("strange/blender", "no program either", 0755), answers("good/blender", "4.2.0")});
  ASSERT_EQ(found.size(), 6U);
  EXPECT_EQ(found[0].name, "4.2.0-blender");
  EXPECT_EQ(found[1].error, "it ended with exit code 127: libnothing.so.1: cannot open");
  EXPECT_EQ(found[2].error, "there is no such file");
  EXPECT_EQ(found[3].error, "it did not say its version");
  EXPECT_EQ(found[4].error, "it is no program that may be run");
  EXPECT_NE(found[5].error, "");
}

TEST_F(Discovery, one_that_answers_and_then_leaves_a_child_behind_is_not_waited_for) {
  const auto found = discover({answers("blender", "4.2.0", "sleep 15 & exit 0")});
  EXPECT_EQ(found[0].error, "");
}

TEST_F(Discovery, a_link_to_an_executable_is_the_same_one_and_a_python_is_not_resolved) {
  const auto real = answers("blender", "4.2.0");
  const auto python = answers("python3", "4.5.0");
  std::filesystem::create_symlink(real, folder_.path / "link");
  std::filesystem::create_directories(folder_.path / "venv/bin");
  std::filesystem::create_symlink(python, folder_.path / "venv/bin/python");
  const auto list = candidates({{real, folder_.path / "link", python, folder_.path / "venv/bin/python"}, "", false});
  ASSERT_EQ(list.size(), 3U);
  EXPECT_TRUE(list[2].module);
  EXPECT_EQ(list[2].path, folder_.path / "venv/bin/python");
}

TEST_F(Discovery, executables_come_first_then_the_newest_and_what_is_preferred_before_all) {
  const auto a = answers("a/blender", "4.2.0"), b = answers("b/blender", "5.0.0"), c = answers("python", "5.1.0");
  auto found = discover({a, b, c});
  EXPECT_EQ(found[0].name, "5.0.0-blender");
  EXPECT_EQ(found[1].name, "4.2.0-blender");
  EXPECT_EQ(found[2].name, "5.1.0-bpy");
  EXPECT_EQ(discover({a, b, c}, "4.2")[0].name, "4.2.0-blender");
  EXPECT_EQ(discover({a, b, c}, c.string())[0].name, "5.1.0-bpy");
}

TEST_F(Discovery, two_of_one_version_have_names_of_their_own_that_stay) {
  const auto a = answers("a/blender", "4.2.0"), b = answers("b/blender", "4.2.0");
  const auto first = discover({a, b}), second = discover({a, b});
  EXPECT_NE(first[0].name, first[1].name);
  EXPECT_EQ(first[0].name, second[0].name);
  EXPECT_EQ(first[1].name, second[1].name);
}

TEST_F(Discovery, it_looks_along_the_path) {
  answers("on path/blender", "4.2.0");
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (folder_.path / "on path").c_str(), 1);
  const auto list = candidates({{}, "", true});
  ::setenv("PATH", before.c_str(), 1);
  EXPECT_TRUE(std::any_of(list.begin(), list.end(), [this](const Candidate& c) { return c.path == folder_.path / "on path/blender"; }));
}

}  // namespace
}  // namespace offstage::pool
