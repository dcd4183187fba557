// SPDX-License-Identifier: Apache-2.0
#include "app/folders.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <map>

#include "base/ids.h"
#include "base/unique_fd.h"

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
  static UniqueFd listen_at(const fs::path& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd.get(), 1), 0);
    return fd;
  }

  fs::path folder_;
};

TEST_F(FoldersTest, the_xdg_folders_are_used) {
  const auto found = find_folders({}, environment({{"XDG_STATE_HOME", "/s"}, {"XDG_RUNTIME_DIR", "/r"}, {"XDG_CACHE_HOME", "/c"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state.parent_path(), "/s/offstage");
  EXPECT_EQ(found->socket, "/r/offstage/offstaged.sock");
  EXPECT_EQ(found->workers_socket, "/r/offstage/workers.sock");
  EXPECT_EQ(found->proof_cache, "/c/offstage");
}

TEST_F(FoldersTest, without_xdg_they_lie_below_home_and_the_temp_folder) {
  const auto found = find_folders({}, environment({{"HOME", "/home/a"}, {"TMPDIR", "/t"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state.parent_path(), "/home/a/.local/state/offstage");
  EXPECT_EQ(found->runtime, "/t/offstage-" + std::to_string(::geteuid()));
  EXPECT_EQ(found->proof_cache, "/home/a/.cache/offstage");
}

TEST_F(FoldersTest, a_relative_xdg_folder_is_ignored_as_its_standard_says) {
  const auto found = find_folders({}, environment({{"HOME", "/home/a"}, {"XDG_STATE_HOME", "state"}, {"XDG_RUNTIME_DIR", "run"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state.parent_path(), "/home/a/.local/state/offstage");
  EXPECT_EQ(found->runtime, "/tmp/offstage-" + std::to_string(::geteuid()));
}

TEST_F(FoldersTest, options_win_over_the_environment) {
  Options options;
  options.state_dir = "/a/state";
  options.runtime_dir = "/a/run";
  options.socket = "/b/x.sock";
  const auto found = find_folders(options, environment({{"XDG_STATE_HOME", "/s"}, {"XDG_RUNTIME_DIR", "/r"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, "/a/state");
  EXPECT_EQ(found->socket, "/b/x.sock");
  EXPECT_EQ(found->workers_socket, "/a/run/workers.sock");
}

TEST_F(FoldersTest, the_machine_id_names_the_state_folder) {
  std::ofstream(folder_ / "id") << "0123456789abcdef0123456789abcdef\n";
  std::ofstream(folder_ / "odd") << "../../../../etc/passwd\n";
  EXPECT_EQ(machine_id(folder_ / "id"), "0123456789ab");
  EXPECT_EQ(machine_id(folder_ / "odd"), "local");
  EXPECT_EQ(machine_id(folder_ / "missing"), "local");
}

TEST_F(FoldersTest, a_socket_path_may_have_107_bytes_and_not_108) {
  Options options;
  options.socket = "/" + std::string(106, 'x');
  options.runtime_dir = "/r";
  EXPECT_TRUE(find_folders(options, environment({})));
  options.socket = "/" + std::string(107, 'x');
  const auto refused = find_folders(options, environment({}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "SOCKET_PATH_TOO_LONG");
  EXPECT_NE(refused.error().message.find("108"), std::string::npos);
}

TEST_F(FoldersTest, a_missing_folder_is_made_for_us_alone) {
  ASSERT_TRUE(make_private(folder_ / "a" / "b"));
  struct stat found {};
  ASSERT_EQ(::stat((folder_ / "a" / "b").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700U);
}

TEST_F(FoldersTest, a_folder_that_is_open_to_others_is_refused) {
  fs::create_directory(folder_ / "open");
  ASSERT_EQ(::chmod((folder_ / "open").c_str(), 0750), 0);
  const auto status = make_private(folder_ / "open");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "FOLDER_UNSAFE");
  EXPECT_NE(status.error().hint.find("chmod 700"), std::string::npos);
}

TEST_F(FoldersTest, a_symlink_is_refused_even_to_a_safe_folder) {
  ASSERT_TRUE(make_private(folder_ / "safe"));
  fs::create_symlink(folder_ / "safe", folder_ / "link");
  const auto status = make_private(folder_ / "link");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "FOLDER_UNSAFE");
}

TEST_F(FoldersTest, a_file_in_its_place_is_refused) {
  std::ofstream(folder_ / "file") << "x";
  const auto status = make_private(folder_ / "file");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "FOLDER_UNSAFE");
}

TEST_F(FoldersTest, a_socket_that_nobody_serves_is_removed) {
  listen_at(folder_ / "s").reset();
  ASSERT_TRUE(fs::exists(folder_ / "s"));
  EXPECT_TRUE(remove_stale_socket(folder_ / "s"));
  EXPECT_FALSE(fs::exists(folder_ / "s"));
}

TEST_F(FoldersTest, a_socket_that_somebody_serves_is_left_alone_and_its_pid_told) {
  const UniqueFd listener = listen_at(folder_ / "s");
  const auto status = remove_stale_socket(folder_ / "s");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "DAEMON_RUNNING");
  EXPECT_NE(status.error().message.find(std::to_string(::getpid())), std::string::npos);
  EXPECT_TRUE(fs::exists(folder_ / "s"));
}

TEST_F(FoldersTest, a_file_in_the_sockets_place_is_not_removed) {
  std::ofstream(folder_ / "s") << "precious";
  EXPECT_FALSE(remove_stale_socket(folder_ / "s"));
  EXPECT_TRUE(fs::exists(folder_ / "s"));
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
