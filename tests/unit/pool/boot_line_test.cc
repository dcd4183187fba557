// SPDX-License-Identifier: Apache-2.0
#include "pool/boot_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace offstage::pool {
namespace {

Blender blender(Version version, bool module = false) {
  Blender out;
  out.version = version;
  out.path = module ? "/v/bin/python" : "/opt/a \"b\"/blender";
  out.python = module ? "/v/bin/python" : "/opt/a \"b\"/python";
  out.module = module;
  return out;
}
bool has(const std::vector<std::string>& arguments, const std::string& wanted) {
  return std::find(arguments.begin(), arguments.end(), wanted) != arguments.end();
}

TEST(BootLine, options_follow_the_version) {
  const auto old = keeper_command(blender({2, 93, 0}), core::Isolation::fork, "/w");
  EXPECT_TRUE(has(old, "-noaudio") && !has(old, "-setaudio") && !has(old, "--offline-mode"));
  const auto middle = keeper_command(blender({3, 4, 1}), core::Isolation::fork, "/w");
  EXPECT_TRUE(has(middle, "-setaudio") && !has(middle, "--offline-mode"));
  const auto current = keeper_command(blender({4, 5, 15}), core::Isolation::fork, "/w");
  EXPECT_TRUE(has(current, "--offline-mode") && has(current, "--disable-autoexec"));
}

TEST(BootLine, the_exit_code_of_python_is_set_before_the_expression) {
  const auto arguments = keeper_command(blender({4, 5, 0}), core::Isolation::fork, "/w");
  EXPECT_LT(std::find(arguments.begin(), arguments.end(), "--python-exit-code"), std::find(arguments.begin(), arguments.end(), "--python-expr"));
}

TEST(BootLine, a_folder_with_quotes_stays_one_string_of_python) {
  EXPECT_NE(keeper_command(blender({4, 5, 0}), core::Isolation::fork, "/a \"b\"/ü\\n").back().find(R"("/a \"b\"/\u00fc\\n")"), std::string::npos);
}

TEST(BootLine, supervisors_are_plain_pythons_and_modules_have_no_blender_options) {
  EXPECT_EQ(keeper_command(blender({4, 5, 0}), core::Isolation::process, "/w")[0], "/opt/a \"b\"/python");
  const auto module = keeper_command(blender({4, 5, 0}, true), core::Isolation::fork, "/w");
  EXPECT_EQ(module[0], "/v/bin/python");
  EXPECT_FALSE(has(module, "-b"));
}

TEST(BootLine, the_wrapper_is_for_the_command_and_marks_are_for_the_kind) {
  const core::Kind kind{.blender = "4.5", .load = R"({"marks":["1f"],"python_paths":["/lib"],"wrapper":["/usr/bin/rez-env","usd","--"]})"};
  EXPECT_EQ(wrapper_of(kind), (std::vector<std::string>{"/usr/bin/rez-env", "usd", "--"}));
  EXPECT_TRUE(wrapper_of({.blender = "4.5"}).empty());
  const auto line = nlohmann::json::parse(boot_line(blender({4, 5, 15}), core::Isolation::fork, {}, "abcd", kind, "/s/keepers/abcd.tmp"));
  EXPECT_EQ(line["load"], (nlohmann::json{{"python_paths", {"/lib"}}}));
}

TEST(BootLine, is_one_line_of_json) {
  PoolOptions options;
  options.state = "/s";
  options.socket = "/r/workers.sock";
  const std::string line = boot_line(blender({4, 5, 15}), core::Isolation::fork, options, "abcd", {}, "/s/keepers/abcd.tmp");
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["role"], "zygote");
  EXPECT_EQ(json["attempts"], "/s/attempts");
  EXPECT_EQ(json["blender"]["path"], "/opt/a \"b\"/blender");
  EXPECT_EQ(json["blender"]["version"], "4.5.15");
  EXPECT_EQ(json["nonce"], "abcd");
  EXPECT_EQ(json["environ"]["CUDA_VISIBLE_DEVICES"], "-1");
}

TEST(BootLine, a_scene_by_value_lies_in_the_folder_of_its_zygote) {
  const auto scene = [](std::string text) {
    const std::string line =
        boot_line(blender({4, 5, 15}), core::Isolation::fork, {}, "abcd", {.blender = "b", .scene = std::move(text)}, "/s/keepers/abcd.tmp");
    return nlohmann::json::parse(line)["scene"];
  };
  const nlohmann::json by_value = {{"blob", "00"}, {"original_path", "/a/x.blend"}, {"trust", false}};
  nlohmann::json expected = by_value;
  expected["path"] = "/s/keepers/abcd.tmp/scene.blend";
  EXPECT_EQ(scene(by_value.dump()), expected);
  const nlohmann::json by_path = {{"path", "/a/x.blend"}, {"trust", false}};
  EXPECT_EQ(scene(by_path.dump()), by_path);
}

}  // namespace
}  // namespace offstage::pool
