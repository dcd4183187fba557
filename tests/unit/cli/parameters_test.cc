// SPDX-License-Identifier: Apache-2.0
#include "cli/parameters.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace offstage::cli {
namespace {

namespace fs = std::filesystem;

class ParametersTest : public ::testing::Test {
 protected:
  ~ParametersTest() override { fs::remove(file); }
  std::string write(const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }
  fs::path file = fs::temp_directory_path() / ("offstage-test-" + std::to_string(::getpid()) + ".json");
};

TEST_F(ParametersTest, values_keep_their_text) {
  EXPECT_EQ(*build_parameters("", {"big=1208925819614629174706176", "f=1.10", "s=\"é\\u00e9\"", "list=[1,  2]"}),
            "{\"big\": 1208925819614629174706176, \"f\": 1.10, \"s\": \"é\\u00e9\", \"list\": [1,  2]}");
}

TEST_F(ParametersTest, without_any_there_are_none) { EXPECT_EQ(*build_parameters("", {}), ""); }

TEST_F(ParametersTest, a_file_alone_goes_as_it_is) { EXPECT_EQ(*build_parameters(write("{ \"a\" : 1.0e10 }\n"), {}), "{ \"a\" : 1.0e10 }\n"); }

TEST_F(ParametersTest, a_param_wins_over_the_file_and_the_last_over_the_first) {
  EXPECT_EQ(*build_parameters(write(R"({"a": {"x": "}\"],{"}, "b": [1.0, {"c": 2}], "\u0063": null, "d":"e"})"), {"a=1", "c=2", "a=3"}),
            R"({"b": [1.0, {"c": 2}], "d": "e", "c": 2, "a": 3})");
}

TEST_F(ParametersTest, an_empty_object_has_no_members) {
  EXPECT_TRUE(members_of(" { } ")->empty());
  EXPECT_EQ(members_of("{\"a\":1}\n")->size(), 1U);
}

TEST_F(ParametersTest, a_bare_string_gets_a_hint_about_quotes) {
  const auto built = build_parameters("", {"name=Suzanne"});
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, Code::invalid_argument);
  EXPECT_NE(built.error().hint.find(R"('name="text"')"), std::string::npos);
}

TEST_F(ParametersTest, what_is_no_json_or_no_object_is_refused_with_its_place) {
  for (const char* bad : {"nan=NaN", "x=Infinity", "x=01", "x=", "x={", "x=1 2"}) EXPECT_FALSE(build_parameters("", {bad})) << bad;
  EXPECT_EQ(build_parameters(write("[1]"), {}).error().reason, "PARAMS_NOT_AN_OBJECT");
  EXPECT_EQ(build_parameters(write(std::string("{}\n\0", 4)), {}).error().reason, "PARAMS_NOT_JSON");
  const auto broken = build_parameters(write("{\"a\": 1,\n \"b\": NaN}"), {});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().reason, "PARAMS_NOT_JSON");
  EXPECT_EQ(broken.error().field("line"), "2");
  EXPECT_EQ(broken.error().field("file"), file.string());
  EXPECT_EQ(build_parameters("/nonexistent/p.json", {}).error().reason, "PARAMS_UNREADABLE");
}

}  // namespace
}  // namespace offstage::cli
