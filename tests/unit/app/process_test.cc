// SPDX-License-Identifier: Apache-2.0
#include "app/process.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>

#include "app/notify.h"
#include "app/tls.h"
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

TEST_F(ProcessTest, tls_files_are_private_belong_together_and_are_never_written_over) {
  const auto made = make_tls(folder_ / "tls");
  ASSERT_TRUE(made) << made.error().message;
  for (const fs::path& file : {made->certificate, made->key, made->token}) {
    struct stat found {};
    ASSERT_EQ(::stat(file.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600U) << file;
  }
  std::FILE* certificate_file = std::fopen(made->certificate.c_str(), "r");
  std::FILE* key_file = std::fopen(made->key.c_str(), "r");
  X509* certificate = PEM_read_X509(certificate_file, nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_PrivateKey(key_file, nullptr, nullptr, nullptr);
  ASSERT_TRUE(certificate != nullptr && key != nullptr);
  EXPECT_EQ(X509_check_private_key(certificate, key), 1);
  EXPECT_EQ(X509_verify(certificate, key), 1);
  EXPECT_EQ(X509_check_host(certificate, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_host(certificate, "elsewhere.example", 0, 0, nullptr), 0);
  X509_free(certificate);
  EVP_PKEY_free(key);
  std::fclose(certificate_file);
  std::fclose(key_file);

  const auto again = make_tls(folder_ / "tls");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason, "TLS_FILES_EXIST");
}

}  // namespace
}  // namespace offstage::app
