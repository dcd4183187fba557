// SPDX-License-Identifier: Apache-2.0
//
// Which warm scenes are let go of: all that go by the path, whatever was in the file, unless more is said.
#include "api/release.h"

#include <gtest/gtest.h>

#include "fake_pool.h"
#include "specs.h"

namespace offstage::api {
namespace {

const pool::CatalogSnapshot catalog{.complete = true, .blenders = {fake_blender("3.4.1-blender", {3, 4, 1}), fake_blender("4.5.1-blender", {4, 5, 1})}};

const std::string blob(64, 'a'), other_blob(64, 'b');

core::Kind kind(std::string scene, std::string load = "") {
  return {.blender = "4.5.1-blender", .start_env = {{"LANG", "de"}, {"OCIO", "/x"}}, .load = std::move(load), .scene = std::move(scene)};
}
std::string by_path(const std::string& path, int size, bool trust = false) {
  return R"({"path":")" + path + R"(","pin":{"size":)" + std::to_string(size) + R"(},"trust":)" + (trust ? "true" : "false") + "}";
}
std::string by_value(const std::string& original, const std::string& of) {
  return R"({"blob":")" + of + R"(","original_path":")" + original + R"(","trust":false})";
}

struct Release : testing::Test {
  bool means(const core::Kind& one) {
    auto which = scenes_meant(request, catalog);
    if (!which) ADD_FAILURE() << which.error().message;
    return which && (*which)(one);
  }
  std::string refused() {
    const auto which = scenes_meant(request, catalog);
    return which ? "" : which.error().reason;
  }
  v1::ReleaseSceneRequest request;
};

TEST_F(Release, a_path_means_all_that_the_file_ever_held_trusted_or_not_in_any_environment) {
  request.mutable_scene()->set_path("/no/such/x.blend");
  EXPECT_TRUE(means(kind(by_path("/no/such/x.blend", 1))));
  EXPECT_TRUE(means(kind(by_path("/no/such/x.blend", 2, true), R"({"preferences":"/p"})")));
  EXPECT_FALSE(means(kind(by_path("/no/such/y.blend", 1))));
  EXPECT_FALSE(means(kind(by_value("/no/such/x.blend", blob)))) << "what was handed over is another scene";
  request.mutable_scene()->set_trust_blend_scripts(true);
  EXPECT_FALSE(means(kind(by_path("/no/such/x.blend", 1))));
  EXPECT_TRUE(means(kind(by_path("/no/such/x.blend", 1, true))));
}

TEST_F(Release, an_original_path_means_all_contents_or_one) {
  request.mutable_scene()->set_original_path("/a/x.blend");
  EXPECT_TRUE(means(kind(by_value("/a/x.blend", blob))));
  EXPECT_TRUE(means(kind(by_value("/a/x.blend", other_blob))));
  EXPECT_FALSE(means(kind(by_value("/b/x.blend", blob))));
  EXPECT_FALSE(means(kind(by_path("/a/x.blend", 1))));
  request.mutable_scene()->set_blob(blob);
  EXPECT_TRUE(means(kind(by_value("/a/x.blend", blob))));
  EXPECT_FALSE(means(kind(by_value("/a/x.blend", other_blob))));
}

TEST_F(Release, what_is_set_of_the_environment_narrows_it_down) {
  request.mutable_scene()->set_path("/x.blend");
  auto& environment = *request.mutable_environment();
  for (const auto& [selector, meant] : {std::pair{"4.5", true}, {"blenders/4.5.1-blender", true}, {"3.4", false}}) {
    environment.set_blender(selector);
    EXPECT_EQ(means(kind(by_path("/x.blend", 1))), meant) << selector;
  }
  environment.clear_blender();
  (*environment.mutable_variables())["OCIO"] = "/x";
  (*environment.mutable_variables())["FRAME"] = "1";
  EXPECT_TRUE(means(kind(by_path("/x.blend", 1)))) << "a variable that Blender does not read at its start is no part of it";
  (*environment.mutable_variables())["OCIO"] = "/y";
  EXPECT_FALSE(means(kind(by_path("/x.blend", 1))));
}

TEST_F(Release, what_has_been_loaded_is_known_by_name_also_when_it_was_edited_since) {
  const TempFolder folder;
  const std::string path = folder.path();
  request.mutable_scene()->set_path("/x.blend");
  request.mutable_environment()->add_python_paths(path);
  EXPECT_TRUE(means(kind(by_path("/x.blend", 1), R"({"marks":["0"],"preferences":"/p","python_paths":[")" + path + R"("]})")));
  EXPECT_FALSE(means(kind(by_path("/x.blend", 1), R"({"marks":["0"],"python_paths":["/elsewhere"]})")));
  EXPECT_FALSE(means(kind(by_path("/x.blend", 1))));
}

TEST_F(Release, what_means_nothing_is_refused) {
  EXPECT_EQ(refused(), "BAD_PATH");
  request.mutable_scene()->set_path("x.blend");
  EXPECT_EQ(refused(), "BAD_PATH");
  request.mutable_scene()->clear_path();
  request.mutable_scene()->set_original_path("x.blend");
  EXPECT_EQ(refused(), "BAD_PATH");
  request.mutable_scene()->set_original_path("/x.blend");
  request.mutable_scene()->set_blob("none");
  EXPECT_EQ(refused(), "BAD_BLOB");
  request.mutable_scene()->clear_blob();
  request.mutable_environment()->set_blender("2.93");
  EXPECT_EQ(refused(), "BLENDER_NOT_FOUND");
}

}  // namespace
}  // namespace offstage::api
