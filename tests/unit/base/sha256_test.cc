// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <gtest/gtest.h>

namespace offstage {
namespace {

constexpr std::string_view of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, is_the_one_of_the_standard) {
  EXPECT_EQ(Sha256::of("abc").hex(), of_abc);
  EXPECT_EQ(Sha256::of("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, pieces_make_the_whole_and_a_hasher_begins_anew) {
  Sha256Hasher hasher;
  hasher.add("a");
  hasher.add("");
  hasher.add("bc");
  EXPECT_EQ(hasher.digest().hex(), of_abc);
  hasher.add("abc");
  EXPECT_EQ(hasher.digest().hex(), of_abc);
}

TEST(Sha256, text_is_read_back_and_nothing_else_is) {
  EXPECT_EQ(Sha256::parse(of_abc), Sha256::of("abc"));
  std::string upper(of_abc);
  upper[0] = 'B';
  for (const std::string& wrong : {std::string(), std::string(of_abc.substr(1)), std::string(of_abc) + "0", upper, std::string(63, '0') + "g"}) {
    EXPECT_FALSE(Sha256::parse(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace offstage
