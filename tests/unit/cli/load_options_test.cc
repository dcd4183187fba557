// SPDX-License-Identifier: Apache-2.0
//
// How an add-on is named on the command line.
#include "cli/load_options.h"

#include <gtest/gtest.h>

namespace offstage::cli {
namespace {

TEST(ParseAddon, takes_a_module_a_version_and_a_path) {
  EXPECT_EQ(parse_addon("io_scene_fbx")->module, "io_scene_fbx");
  const auto all = parse_addon("shapes==1.2.0@/addons/my@home.zip");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->module, "shapes");
  EXPECT_EQ(all->version, "1.2.0");
  EXPECT_EQ(all->path, "/addons/my@home.zip");
  EXPECT_EQ(parse_addon("shapes@/a==b/x.py")->path, "/a==b/x.py");
  EXPECT_TRUE(parse_addon("shapes@x.zip")->path.ends_with("/x.zip")) << "of this folder";
}

TEST(ParseAddon, refuses_what_is_none) {
  for (const char* text : {"", "@/x", "==1", "shapes==", "shapes@"}) EXPECT_FALSE(parse_addon(text)) << text;
}

TEST(ParseAssetLibrary, takes_a_name_and_a_folder) {
  const auto library = parse_asset_library("our props=/studio/a=b");
  ASSERT_TRUE(library);
  EXPECT_EQ(library->name, "our props");
  EXPECT_EQ(library->path, "/studio/a=b");
  EXPECT_TRUE(parse_asset_library("props=assets")->path.ends_with("/assets")) << "of this folder";
  for (const char* text : {"", "props", "props=", "=/x"}) EXPECT_FALSE(parse_asset_library(text)) << text;
}

TEST(ParseWrapper, parts_words_as_a_shell_does) {
  EXPECT_EQ(*parse_wrapper("rez-env usd --"), (std::vector<std::string>{"rez-env", "usd", "--"}));
  EXPECT_EQ(*parse_wrapper(R"( /opt/my\ tools/wrap 'a  "b' "c\" d" '' )"), (std::vector<std::string>{"/opt/my tools/wrap", "a  \"b", "c\" d", ""}));
  EXPECT_TRUE((*parse_wrapper("./wrap.sh"))[0].ends_with("/wrap.sh")) << "of this folder";
  for (const char* text : {"  ", "'a", "\"a", "'' b"}) EXPECT_FALSE(parse_wrapper(text)) << text;
}

}  // namespace
}  // namespace offstage::cli
