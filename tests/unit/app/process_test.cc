// SPDX-License-Identifier: Apache-2.0
#include "app/process.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <map>

#include "app/notify.h"
#include "base/ids.h"
#include "base/unique_fd.h"

namespace offstage::app {
namespace {

namespace fs = std::filesystem;

class ProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("offstage-process-" + random_hex(4));
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

TEST_F(ProcessTest, an_error_reads_as_what_to_what_and_what_to_do) {
  const Error error{.message = "it broke", .hint = "mend it", .fields = {{"file", "/x.blend"}}};
  EXPECT_EQ(describe(error), "error: it broke\n      file    /x.blend\n      hint    mend it\n");
  EXPECT_EQ(describe({.message = "it broke"}), "error: it broke\n");
}

TEST_F(ProcessTest, readiness_goes_to_the_socket_that_systemd_names) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder_ / "n").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  notify(environment({{"NOTIFY_SOCKET", (folder_ / "n").string()}}), "READY=1");
  char text[32] = {};
  ASSERT_EQ(::recv(fd.get(), text, sizeof text, MSG_DONTWAIT), 7);
  EXPECT_STREQ(text, "READY=1");
  notify(environment({}), "READY=1");
  EXPECT_EQ(::recv(fd.get(), text, sizeof text, MSG_DONTWAIT), -1);
}

TEST_F(ProcessTest, the_watchdog_is_fed_twice_as_often_as_asked_and_only_by_the_one_that_was_asked) {
  EXPECT_EQ(watchdog_interval(environment({{"WATCHDOG_USEC", "3000000"}})), Micros(1'500'000));
  EXPECT_EQ(watchdog_interval(environment({{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", "1"}})), std::nullopt);
  EXPECT_EQ(watchdog_interval(environment({})), std::nullopt);
}

}  // namespace
}  // namespace offstage::app
