// SPDX-License-Identifier: Apache-2.0
#include "app/folders.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "base/ids.h"

namespace offstage::app {
namespace {

namespace fs = std::filesystem;

class FoldersTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("offstage-folders-" + random_hex(4));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Environment environment(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
  }
  fs::path folder_;
};

TEST_F(FoldersTest, the_xdg_folders_are_used) {
  const auto found = find_folders({}, environment({{"XDG_STATE_HOME", "/s"}, {"XDG_RUNTIME_DIR", "/r"}, {"XDG_CACHE_HOME", "/c"}}));
  EXPECT_EQ(found.state.parent_path(), "/s/offstage");
  EXPECT_EQ(found.socket, "/r/offstage/offstaged.sock");
  EXPECT_EQ(found.workers_socket, "/r/offstage/workers.sock");
  EXPECT_EQ(found.proof_cache, "/c/offstage");
}

TEST_F(FoldersTest, without_xdg_they_lie_below_home_and_the_temp_folder) {
  const auto found = find_folders({}, environment({{"HOME", "/home/a"}, {"TMPDIR", "/t"}}));
  EXPECT_EQ(found.state.parent_path(), "/home/a/.local/state/offstage");
  EXPECT_EQ(found.runtime, "/t/offstage-" + std::to_string(::geteuid()));
  EXPECT_EQ(found.proof_cache, "/home/a/.cache/offstage");
}

TEST_F(FoldersTest, a_relative_xdg_folder_is_ignored_as_its_standard_says) {
  const auto found = find_folders({}, environment({{"HOME", "/home/a"}, {"XDG_STATE_HOME", "state"}, {"XDG_RUNTIME_DIR", "run"}}));
  EXPECT_EQ(found.state.parent_path(), "/home/a/.local/state/offstage");
  EXPECT_EQ(found.runtime, "/tmp/offstage-" + std::to_string(::geteuid()));
}

TEST_F(FoldersTest, options_win_over_the_environment) {
  Options options;
  options.state_dir = "/a/state";
  options.runtime_dir = "/a/run";
  options.socket = "/b/x.sock";
  const auto found = find_folders(options, environment({{"XDG_STATE_HOME", "/s"}, {"XDG_RUNTIME_DIR", "/r"}}));
  EXPECT_EQ(found.state, "/a/state");
  EXPECT_EQ(found.socket, "/b/x.sock");
  EXPECT_EQ(found.workers_socket, "/a/run/workers.sock");
}

TEST_F(FoldersTest, the_machine_id_names_the_state_folder) {
  std::ofstream(folder_ / "id") << "0123456789abcdef0123456789abcdef\n";
  std::ofstream(folder_ / "odd") << "../../../../etc/passwd\n";
  EXPECT_EQ(machine_id(folder_ / "id"), "0123456789ab");
  EXPECT_EQ(machine_id(folder_ / "odd"), "local");
  EXPECT_EQ(machine_id(folder_ / "missing"), "local");
}

TEST_F(FoldersTest, the_workers_code_lies_beside_the_program) {
  fs::create_directories(folder_ / "p/bin");
  EXPECT_FALSE(find_worker_code(folder_ / "p/bin/offstaged"));
  fs::create_directories(folder_ / "p/share/offstage/worker");
  std::ofstream(folder_ / "p/share/offstage/worker/boot.py") << "";
  const auto found = find_worker_code(folder_ / "p/bin/offstaged");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, folder_ / "p/share/offstage/worker");
}

}  // namespace
}  // namespace offstage::app
