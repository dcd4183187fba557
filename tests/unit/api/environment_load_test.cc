// SPDX-License-Identifier: Apache-2.0
//
// What a Blender has loaded is part of its kind, files included.
#include "api/environment_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "specs.h"

namespace offstage::api {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class EnvironmentLoad : public testing::Test {
 protected:
  EnvironmentLoad() {
    std::filesystem::create_directories(addon_ / "__pycache__");
    folder_.write("addon/__init__.py", "a = 1");
  }
  v1::Environment with_addon(const std::string& version = "") const {
    v1::Environment out;
    out.add_addons()->set_module("shapes");
    out.mutable_addons(0)->set_path(addon_.string());
    out.mutable_addons(0)->set_version(version);
    return out;
  }
  static std::string text(const v1::Environment& environment) {
    auto load = load_of(environment, 0, {});
    EXPECT_TRUE(load);
    return load ? *load : "";
  }

  TempFolder folder_;
  std::filesystem::path addon_ = folder_.path() / "addon";
};

TEST_F(EnvironmentLoad, of_nothing_is_nothing) {
  EXPECT_FALSE(loads({}));
  EXPECT_EQ(text({}), "");
}

TEST_F(EnvironmentLoad, has_all_that_the_worker_needs) {
  v1::Environment environment = with_addon("1.2");
  environment.mutable_addons(0)->set_preferences_json(R"({"size": 2.5})");
  environment.add_python_paths(folder_.path());
  environment.add_script_folders(folder_.path());
  environment.set_preferences(folder_.write("userpref.blend", "BLENDER"));
  environment.add_asset_libraries()->set_name("props");
  environment.mutable_asset_libraries(0)->set_path(folder_.path());
  const Json load = Json::parse(text(environment));
  EXPECT_EQ(load["preferences"], (folder_.path() / "userpref.blend").string());
  EXPECT_EQ(load["python_paths"], Json::array({folder_.path().string()}));
  EXPECT_EQ(load["script_folders"], Json::array({folder_.path().string()}));
  EXPECT_EQ(load["asset_libraries"], Json::array({{{"name", "props"}, {"path", folder_.path().string()}}}));
  Json addon = load["addons"][0];
  addon.erase("mark");
  EXPECT_EQ(addon, (Json{{"module", "shapes"}, {"version", "1.2"}, {"path", addon_.string()}, {"preferences", {{"size", 2.5}}}}));
}

TEST_F(EnvironmentLoad, an_add_on_that_was_edited_is_another_one) {
  const std::string before = text(with_addon());
  folder_.write("addon/__pycache__/x.pyc", "what Python leaves behind");
  EXPECT_EQ(text(with_addon()), before);
  folder_.write("addon/__init__.py", "a = 22");
  const std::string edited = text(with_addon());
  EXPECT_NE(edited, before);
  folder_.write("addon/more.py", "");
  EXPECT_NE(text(with_addon()), edited);
}

TEST_F(EnvironmentLoad, what_is_not_there_is_refused_with_its_field) {
  v1::Environment environment;
  environment.add_python_paths((folder_.path() / "no").string());
  auto load = load_of(environment, 0, {});
  ASSERT_FALSE(load);
  EXPECT_EQ(load.error().reason, "LOAD_NOT_FOUND");
  EXPECT_EQ(load.error().field, "spec.environment.python_paths[0]");
  EXPECT_THAT(load.error().message, HasSubstr((folder_.path() / "no").string()));
}

TEST_F(EnvironmentLoad, an_asset_library_is_a_folder_whose_content_is_no_part_of_the_kind) {
  v1::Environment environment;
  v1::AssetLibrary& library = *environment.add_asset_libraries();
  library.set_name("props");
  library.set_path(folder_.path());
  EXPECT_TRUE(loads(environment));
  const std::string before = text(environment);
  folder_.write("chair.blend", "BLENDER");
  EXPECT_EQ(text(environment), before);
  for (const std::string path : {folder_.path() / "no", folder_.path() / "chair.blend"}) {
    library.set_path(path);
    auto load = load_of(environment, 0, {});
    ASSERT_FALSE(load) << path;
    EXPECT_EQ(load.error().reason, "LOAD_NOT_FOUND");
    EXPECT_EQ(load.error().field, "spec.environment.asset_libraries[0].path");
    EXPECT_THAT(load.error().message, HasSubstr(path));
  }
}

TEST_F(EnvironmentLoad, a_wrapper_is_found_now_and_is_another_one_when_it_was_edited) {
  v1::Environment environment;
  for (const char* word : {"env", "A=1", "--"}) environment.add_wrapper(word);
  EXPECT_TRUE(loads(environment));
  const Json load = Json::parse(text(environment));
  EXPECT_THAT(load["wrapper"][0].get<std::string>(), testing::MatchesRegex("/.*/env"));
  EXPECT_EQ(load["wrapper"][1], "A=1");
  EXPECT_EQ(load["wrapper"].size(), 3U);

  const std::string path = folder_.write("wrap.sh", "#!/bin/sh\n");
  environment.set_wrapper(0, path);
  auto not_executable = load_of(environment, 0, {});
  ASSERT_FALSE(not_executable);
  EXPECT_THAT(not_executable.error().message, HasSubstr("is no program"));
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  const std::string before = text(environment);
  folder_.write("wrap.sh", "#!/bin/sh\nexec \"$@\"\n");
  EXPECT_NE(text(environment), before);

  environment.set_wrapper(0, "no-such-wrapper");
  auto missing = load_of(environment, 0, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason, "WRAPPER_NOT_FOUND");
  EXPECT_EQ(missing.error().field, "spec.environment.wrapper");
  EXPECT_THAT(missing.error().message, HasSubstr("not on the daemon's PATH"));
}

TEST_F(EnvironmentLoad, gpus_and_what_computes_on_them_make_a_kind) {
  v1::Environment environment;
  EXPECT_EQ(Json::parse(*load_of(environment, 2, {})), (Json{{"gpus", 2}, {"compute", "AUTO"}}));
  environment.set_compute(v1::COMPUTE_OPTIX);
  EXPECT_EQ(Json::parse(*load_of(environment, 1, {})), (Json{{"gpus", 1}, {"compute", "OPTIX"}}));
  environment.set_compute(v1::COMPUTE_NONE);
  EXPECT_EQ(*load_of(environment, 0, {}), "") << "as for who says nothing";
}

TEST_F(EnvironmentLoad, a_manifest_with_another_version_is_refused_with_both) {
  folder_.write("addon/blender_manifest.toml", "schema_version = \"1.0.0\"\nid = \"shapes\"\nversion = \"2.0.1\"\n");
  EXPECT_TRUE(load_of(with_addon("2.0.1"), 0, {}));
  EXPECT_TRUE(load_of(with_addon(), 0, {}));
  auto load = load_of(with_addon("2.0.0"), 0, {});
  ASSERT_FALSE(load);
  EXPECT_EQ(load.error().reason, "ADDON_VERSION");
  EXPECT_EQ(load.error().field, "spec.environment.addons[0].version");
  EXPECT_THAT(load.error().message, HasSubstr("is 2.0.1, and 2.0.0 was asked for"));
}

TEST_F(EnvironmentLoad, links_that_lead_in_a_circle_come_to_an_end) {
  std::filesystem::create_directory_symlink("..", addon_ / "up");
  EXPECT_NE(text(with_addon()), "");
}

}  // namespace
}  // namespace offstage::api
