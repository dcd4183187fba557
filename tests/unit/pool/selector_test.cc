// SPDX-License-Identifier: Apache-2.0
#include "pool/selector.h"

#include <gtest/gtest.h>

namespace offstage::pool {
namespace {

Blender blender(const std::string& name, Version version, const std::string& path, std::string error = {}) {
  Blender out;
  out.name = name;
  out.version = version;
  out.path = path;
  out.module = name.ends_with("bpy");
  out.error = std::move(error);
  return out;
}

const CatalogSnapshot catalog{true,
                              {blender("4.2.3-blender", {4, 2, 3}, "/opt/a b/blender"), blender("5.0.1-bpy", {5, 0, 1}, "/v/bin/python"),
                               blender("4.5.15-bpy", {4, 5, 15}, "/w/bin/python"), blender("4.5.2-blender", {4, 5, 2}, "/opt/c/blender"),
                               blender("blender-abc123", {}, "/opt/broken/blender", "it ended with exit code 127")}};

std::string chosen(const std::string& selector, Version at_least = {}) {
  const auto found = select(catalog, selector, at_least);
  return found ? found->name : found.error().reason;
}

TEST(Select, nothing_said_means_the_default) { EXPECT_EQ(chosen(""), "4.2.3-blender"); }
TEST(Select, a_release_means_the_newest_of_it) {
  EXPECT_EQ(chosen("4.5"), "4.5.15-bpy");
  EXPECT_EQ(chosen("4.5.2"), "4.5.2-blender");
  EXPECT_EQ(chosen("4"), "4.5.15-bpy");
}
TEST(Select, a_range_means_the_newest_that_fits) {
  EXPECT_EQ(chosen(">=4.2,<5"), "4.5.15-bpy");
  EXPECT_EQ(chosen(">= 4.2 , < 4.5"), "4.2.3-blender");
  EXPECT_EQ(chosen(">4.5"), "5.0.1-bpy");
  EXPECT_EQ(chosen("<=4.5"), "4.5.15-bpy");
  EXPECT_EQ(chosen(">=4.2,!=4.5,<5"), "4.2.3-blender");
}
TEST(Select, names_and_paths_are_exact) {
  EXPECT_EQ(chosen("4.5.2-blender"), "4.5.2-blender");
  EXPECT_EQ(chosen("/opt/a b/blender"), "4.2.3-blender");
  EXPECT_EQ(chosen("/opt/a b/Blender"), "BLENDER_NOT_FOUND");
}

TEST(Select, what_is_not_here_says_what_is) {
  EXPECT_EQ(chosen("3.6"), "BLENDER_NOT_FOUND");
  const auto error = select(catalog, "3.6").error();
  EXPECT_EQ(error.code, Code::failed_precondition);
  EXPECT_EQ(error.field, "spec.environment.blender");
  EXPECT_NE(error.hint.find("4.5.15-bpy"), std::string::npos);
  EXPECT_EQ(error.hint.find("blender-abc123"), std::string::npos);
}

TEST(Select, an_unknown_path_says_how_to_make_it_known) {
  EXPECT_NE(select(catalog, "/home/x/blender").error().hint.find("blenders = [\"/home/x/blender\"]"), std::string::npos);
}

TEST(Select, a_broken_one_says_why) { EXPECT_NE(select(catalog, "/opt/broken/blender").error().message.find("exit code 127"), std::string::npos); }

TEST(Select, a_file_takes_the_smallest_release_that_is_as_new_and_the_newest_of_it) {
  EXPECT_EQ(chosen("", {2, 79, 0}), "4.2.3-blender");
  EXPECT_EQ(chosen("", {4, 3, 0}), "4.5.15-bpy");
  EXPECT_EQ(chosen("", {4, 5, 0}), "4.5.15-bpy");
  EXPECT_EQ(chosen("", {5, 0, 0}), "5.0.1-bpy");
}

TEST(Select, a_newer_file_takes_a_newer_blender_unless_one_was_named) {
  EXPECT_EQ(chosen(">=4.2", {3, 4, 0}), "5.0.1-bpy") << "a range means the newest, as ever";
  EXPECT_EQ(chosen("", {4, 2, 0}), "4.2.3-blender");
  EXPECT_EQ(chosen("4.2", {4, 5, 0}), "BLENDER_TOO_OLD");
  EXPECT_EQ(chosen("", {5, 1, 0}), "BLENDER_TOO_OLD");
  const auto message = select(catalog, "", {5, 1, 0}).error().message;
  EXPECT_NE(message.find("5.1"), std::string::npos);
  EXPECT_NE(message.find("5.0.1"), std::string::npos);
}

TEST(Select, an_empty_machine_is_told_to_get_a_blender) { EXPECT_NE(select({true, {}}, "").error().hint.find("install Blender"), std::string::npos); }

TEST(Selector, what_is_no_version_is_no_selector) {
  for (const char* text : {"", "blender", ">=", "4.5.", "4.5,", ",4", "4..5", "4.5.6.7", "4.5-blender", "99999999999999", "=>4", "-1"}) {
    EXPECT_FALSE(parse_selector(text)) << text;
  }
}

TEST(Version, is_read_off_the_front) {
  EXPECT_EQ(parse_version("4.5.15 LTS"), (Version{4, 5, 15}));
  EXPECT_EQ(parse_version("5.1.0 Alpha"), (Version{5, 1, 0}));
  EXPECT_FALSE(parse_version("Blender"));
}

}  // namespace
}  // namespace offstage::pool
