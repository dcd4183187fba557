// SPDX-License-Identifier: Apache-2.0
#include "cli/parse.h"

#include <gtest/gtest.h>

#include <fstream>

namespace offstage::cli {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, takes_units_and_plain_seconds) {
  EXPECT_EQ(*parse_duration("--timeout", "30s"), 30s);
  EXPECT_EQ(*parse_duration("--timeout", "500ms"), 500ms);
  EXPECT_EQ(*parse_duration("--timeout", "5m"), 5min);
  EXPECT_EQ(*parse_duration("--timeout", "5min"), 5min);
  EXPECT_EQ(*parse_duration("--timeout", "2h"), 2h);
  EXPECT_EQ(*parse_duration("--timeout", "1d"), 24h);
  EXPECT_EQ(*parse_duration("--timeout", "1.5h"), 90min);
  EXPECT_EQ(*parse_duration("--timeout", "7"), 7s);
  EXPECT_EQ(*parse_duration("--timeout", "365d"), 365 * 24h);
}

TEST(ParseDuration, refuses_what_is_negative_zero_huge_or_no_number_and_names_the_option) {
  for (const char* bad : {"-5s", "0", "0s", "0.5ms", "366d", "1e300", "abc", "", "s", "5 s", "5x", "nan", "inf", "1e9", "5s5", "0x10"}) {
    const auto duration = parse_duration("--timeout", bad);
    ASSERT_FALSE(duration) << bad;
    EXPECT_EQ(duration.error().code, Code::invalid_argument);
    EXPECT_TRUE(duration.error().message.starts_with("--timeout: ")) << bad;
    EXPECT_FALSE(duration.error().hint.empty()) << bad;
  }
}

TEST(ParseSize, takes_binary_and_decimal_units) {
  EXPECT_EQ(*parse_size("--memory", "512MiB"), 512LL << 20);
  EXPECT_EQ(*parse_size("--memory", "1GiB"), 1LL << 30);
  EXPECT_EQ(*parse_size("--memory", "1GB"), 1'000'000'000);
  EXPECT_EQ(*parse_size("--memory", "1G"), 1LL << 30);
  EXPECT_EQ(*parse_size("--memory", "1.5GiB"), 3LL << 29);
  EXPECT_EQ(*parse_size("--memory", "70000000"), 70'000'000);
}

TEST(ParseSize, refuses_the_rest) {
  for (const char* bad : {"-1GiB", "0", "abc", "", "1 GiB", "1PiB", "nan", "99999999TiB"}) EXPECT_FALSE(parse_size("--memory", bad)) << bad;
}

TEST(ParseNumber, holds_the_range) {
  EXPECT_EQ(*parse_number("--priority", "-1000", -1000, 1000), -1000);
  for (const char* bad : {"1001", "-1001", "1.5", "x", "", "99999999999999999999", "5 "}) EXPECT_FALSE(parse_number("--priority", bad, -1000, 1000)) << bad;
}

TEST(ParsePair, is_cut_at_the_first_equals_sign) {
  EXPECT_EQ(*parse_pair("--env", "A=b=c"), std::pair(std::string("A"), std::string("b=c")));
  EXPECT_EQ(*parse_pair("--env", "A="), std::pair(std::string("A"), std::string()));
  EXPECT_FALSE(parse_pair("--env", "A"));
  EXPECT_FALSE(parse_pair("--env", "=b"));
}

TEST(ParseInput, is_a_file_or_a_file_and_the_name_that_the_script_finds_it_under) {
  const std::string folder = ::testing::TempDir();
  for (const char* name : {"in.txt", "in=1.txt"}) std::ofstream(folder + name) << "x";
  EXPECT_EQ(parse_input(folder + "in.txt")->file, folder + "in.txt");
  EXPECT_EQ(parse_input(folder + "in.txt")->name, "");
  EXPECT_EQ(parse_input(folder + "in.txt=a/b")->name, "a/b");
  EXPECT_EQ(parse_input(folder + "in=1.txt")->file, folder + "in=1.txt");
  EXPECT_EQ(parse_input(folder + "in=1.txt=c")->file, folder + "in=1.txt");
  EXPECT_EQ(parse_input(folder + "in=1.txt=c")->name, "c");
  for (const std::string& bad : {folder, folder + "nothing", folder + "in.txt=", folder + "nothing=x", std::string("=x"), std::string()})
    EXPECT_FALSE(parse_input(bad)) << bad;
}

TEST(Uuid, is_told_from_other_text) {
  EXPECT_TRUE(is_uuid("123e4567-e89b-12d3-A456-426614174000"));
  for (const char* bad : {"", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g", "123e4567-e89b-12d3-a456-4266141740000"})
    EXPECT_FALSE(is_uuid(bad)) << bad;
}

TEST(Argv, is_cut_at_the_first_double_dash) {
  const Argv args = cut_argv({"run", "x.py", "--", "[1,2]", "--", "--json"});
  EXPECT_EQ(args.own, (std::vector<std::string>{"run", "x.py"}));
  EXPECT_EQ(args.script, (std::vector<std::string>{"[1,2]", "--", "--json"}));
  EXPECT_TRUE(cut_argv({"list"}).script.empty());
  EXPECT_TRUE(cut_argv({"run", "x.py", "--"}).script.empty());
}

}  // namespace
}  // namespace offstage::cli
