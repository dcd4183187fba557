// SPDX-License-Identifier: Apache-2.0
#include "api/caller.h"

#include <gtest/gtest.h>

namespace offstage::api {
namespace {

TEST(Caller, says_who_and_with_what) {
  EXPECT_EQ(caller("offstage/0.1.0 (alice@desk) grpc-c++/1.51.1 grpc-c/29.0.0 (linux; chttp2)", "unix:", "alice"), "alice@desk, with offstage/0.1.0");
}

TEST(Caller, over_tcp_the_address_is_told) {
  EXPECT_EQ(caller("offstage/0.1.0 (alice@desk) grpc-c++/1.51.1", "ipv4:10.0.0.3:4711", "render"), "alice@desk from 10.0.0.3, with offstage/0.1.0");
  EXPECT_EQ(caller("grpc-python/1.0 grpc-c/39 (linux; chttp2)", "ipv6:[::1]:4711", "render"), "somebody from [::1], with grpc-python/1.0");
}

TEST(Caller, a_client_that_says_nothing_is_the_user_whose_socket_it_is) {
  EXPECT_EQ(caller("", "unix:/run/x", "alice"), "alice");
  EXPECT_EQ(caller("grpc-node-js/1.9 (linux)", "unix:", "alice"), "alice, with grpc-node-js/1.9");
}

TEST(Caller, what_a_client_makes_up_is_short_and_plain) {
  EXPECT_EQ(caller("x (a\x1b[2Jb)", "unix:", "alice"), "a?[2Jb, with x");
  EXPECT_LT(caller(std::string(10'000, 'p') + " (" + std::string(10'000, 'u') + ")", "unix:", "alice").size(), 250U);
  EXPECT_EQ(caller("x (unfinished", "unix:", "alice"), "alice, with x");
}

}  // namespace
}  // namespace offstage::api
