// SPDX-License-Identifier: Apache-2.0
#include "api/secrets.h"

#include <gtest/gtest.h>

namespace offstage::api {
namespace {

TEST(Secrets, are_known_by_their_names) {
  for (const char* name :
       {"AWS_SECRET_ACCESS_KEY", "github_token", "DB_PASSWORD", "PGPASSFILE", "MY_CREDENTIALS", "SSH_AUTH_SOCK", "COOKIE_JAR", "PRIVATE_URL"}) {
    EXPECT_TRUE(names_a_secret(name)) << name;
    EXPECT_EQ(shown_value(name, "hunter2"), "(hidden)");
  }
  for (const char* name : {"HOME", "PATH", "OCIO", "BLENDER_USER_SCRIPTS", "LANG"}) EXPECT_FALSE(names_a_secret(name)) << name;
}

TEST(Secrets, a_password_within_a_url_is_hidden_and_the_rest_stays) {
  EXPECT_EQ(without_passwords("https://bob:hunter2@host:8080/x?y=1"), "https://bob:***@host:8080/x?y=1");
  EXPECT_EQ(without_passwords("proxy=http://bob:a:b@c@host, and s3://u:p@bucket"), "proxy=http://bob:***@host, and s3://u:***@bucket");
  EXPECT_EQ(without_passwords("https://ghp_token@github.com/x"), "https://***@github.com/x");
  EXPECT_EQ(shown_value("INDEX", "https://bob:hunter2@host"), "https://bob:***@host");
}

TEST(Secrets, what_has_none_is_as_it_was) {
  for (const char* text : {"", "://", "a://", "https://host/a@b:c", "ssh://git@host/x", "mail bob@host", "x://@", "https://host:80/ user:pass@x"}) {
    EXPECT_EQ(without_passwords(text), std::string(text) == "x://@" ? "x://@" : text);
  }
}

}  // namespace
}  // namespace offstage::api
