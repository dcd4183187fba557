// SPDX-License-Identifier: Apache-2.0
//
// Is it safe to speak to this socket, and does anybody listen?
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <offstage/connection.h>

namespace offstage {
namespace {

namespace fs = std::filesystem;

class SocketTest : public ::testing::Test {
 protected:
  SocketTest() {
    std::string name = (fs::temp_directory_path() / "offstage-test-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    path = folder / "d.sock";
  }
  ~SocketTest() override {
    if (listener >= 0) ::close(listener);
    fs::remove_all(folder);
  }

  void bind_socket(bool listens) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path.c_str());
    listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    if (listens) {
      ASSERT_EQ(::listen(listener, 4), 0);
    }
  }

  Error error() { return connect({.address = "unix:" + path.string()}).error(); }

  fs::path folder, path;
  int listener = -1;
};

TEST_F(SocketTest, a_private_socket_with_a_listener_is_fine) {
  bind_socket(true);
  EXPECT_TRUE(connect({.address = "unix:" + path.string()}));
  EXPECT_TRUE(connect({.address = path.string()})) << "a bare path will do";
}

TEST_F(SocketTest, no_socket_is_no_daemon) {
  EXPECT_EQ(error().code, Code::no_daemon);
  EXPECT_EQ(error().reason, "NO_SOCKET");
}

TEST_F(SocketTest, a_socket_that_nobody_serves_is_stale) {
  bind_socket(false);
  EXPECT_EQ(error().code, Code::no_daemon);
  EXPECT_EQ(error().reason, "STALE_SOCKET");
}

TEST_F(SocketTest, an_open_folder_is_refused_with_the_command_that_closes_it) {
  bind_socket(true);
  fs::permissions(folder, fs::perms(0755));
  EXPECT_EQ(error().code, Code::unsafe_socket);
  EXPECT_EQ(error().reason, "FOLDER_UNSAFE");
  EXPECT_EQ(error().hint, "chmod 700 " + folder.string());
}

TEST_F(SocketTest, an_open_socket_is_refused) {
  bind_socket(true);
  fs::permissions(path, fs::perms(0666));
  EXPECT_EQ(error().reason, "SOCKET_UNSAFE");
}

TEST_F(SocketTest, a_folder_of_another_user_is_refused) {
  const bool root = ::geteuid() == 0;  // who can give a folder away; others take one of root's
  if (root) {
    ASSERT_EQ(::chown(folder.c_str(), 12345, 12345), 0);
  } else {
    path = "/usr/d.sock";
  }
  EXPECT_EQ(error().reason, "FOLDER_UNSAFE");
  EXPECT_NE(error().message.find(root ? "12345" : "uid 0"), std::string::npos);
}

TEST_F(SocketTest, a_symbolic_link_in_place_of_the_folder_is_refused) {
  bind_socket(true);
  const fs::path link = folder.string() + "-link";
  fs::create_symlink(folder, link);
  path = link / "d.sock";
  EXPECT_EQ(error().reason, "FOLDER_UNSAFE");
  fs::remove(link);
}

TEST_F(SocketTest, a_file_in_place_of_the_socket_is_refused) {
  std::ofstream(path) << "x";
  EXPECT_EQ(error().reason, "SOCKET_UNSAFE");
}

TEST_F(SocketTest, a_path_that_the_system_cannot_hold_says_its_length) {
  path = folder / std::string(150, 'x');
  EXPECT_EQ(error().reason, "SOCKET_PATH_TOO_LONG");
  EXPECT_NE(error().message.find("107"), std::string::npos);
}

TEST_F(SocketTest, tcp_without_a_token_is_refused_here) {
  const auto connection = connect({.address = "localhost:1"});
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().reason, "TOKEN_MISSING");
}

TEST(DefaultSocket, is_in_the_runtime_folder_or_in_a_folder_of_the_user_below_the_temporary_one) {
  ::unsetenv("OFFSTAGE_RUNTIME_DIR");
  ::setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  EXPECT_EQ(default_socket_path(), "/run/user/7/offstage/offstaged.sock");
  ::unsetenv("XDG_RUNTIME_DIR");
  ::setenv("TMPDIR", "/var/tmp", 1);
  EXPECT_EQ(default_socket_path(), "/var/tmp/offstage-" + std::to_string(::geteuid()) + "/offstaged.sock");
  ::unsetenv("TMPDIR");
  EXPECT_EQ(default_socket_path(), "/tmp/offstage-" + std::to_string(::geteuid()) + "/offstaged.sock");
}

}  // namespace
}  // namespace offstage
