// SPDX-License-Identifier: Apache-2.0
#include "cli/data_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace offstage::cli {
namespace {

std::vector<std::string> names(const std::vector<InputFile>& files) {
  std::vector<std::string> out;
  for (const InputFile& one : files) out.push_back(one.name + " <- " + one.file);
  return out;
}

TEST(FilesOfValues, are_those_that_arrays_and_bytes_name_each_once) {
  const std::string json = R"({"a": {"$ndarray": {"dtype": "<f4", "shape": [9], "order": "C", "file": ".values/1.npy"}},
                               "b": [{"$bytes": {"file": ".values/0.bin"}}, {"c": {"$bytes": {"file": ".values/0.bin"}}}]})";
  EXPECT_EQ(names(files_of_values(json, "in")), (std::vector<std::string>{".values/0.bin <- in/.values/0.bin", ".values/1.npy <- in/.values/1.npy"}));
  EXPECT_EQ(names(files_of_values(json, "")).front(), ".values/0.bin <- .values/0.bin");
}

TEST(FilesOfValues, are_none_where_a_text_only_looks_like_it) {
  for (const char* json : {"{}", "", "nonsense", R"({"file": ".values/0.bin"})", R"({"$bytes": "AA=="})", R"({"$bytes": {"file": "../x.bin"}})",
                           R"({"$bytes": {"file": ".values/../0.bin"}})", R"({"$bytes": {"file": 3}})", R"({"$dict": [["$bytes", {"file": ".values/0.bin"}]]})",
                           R"({"$bytes": {"file": ".values/0.bin"}, "more": 1})"})
    EXPECT_TRUE(files_of_values(json, "in").empty()) << json;
}

class FilesOfLibraries : public testing::Test {
 protected:
  FilesOfLibraries() : folder_(std::filesystem::temp_directory_path() / ("offstage-libraries-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~FilesOfLibraries() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name) const {
    std::ofstream(folder_ / name) << "x";
    return (folder_ / name).string();
  }
  const std::filesystem::path folder_;
};

TEST_F(FilesOfLibraries, have_their_manifests_beside_them_and_are_numbered_as_given) {
  const std::string a = file("a.blend"), a_manifest = file("a.json"), b = file("b.x.blend"), b_manifest = file("b.x.json");
  EXPECT_EQ(names(*files_of_libraries({b, a})), (std::vector<std::string>{".blocks/0.blend <- " + b, ".blocks/0.json <- " + b_manifest,
                                                                          ".blocks/1.blend <- " + a, ".blocks/1.json <- " + a_manifest}));
}

TEST_F(FilesOfLibraries, are_refused_where_one_of_the_two_is_missing) {
  const auto alone = files_of_libraries({file("a.blend")});
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().message, "--data-blocks: the library has no manifest");
  EXPECT_EQ(alone.error().fields.front().second, (folder_ / "a.json").string());
  EXPECT_EQ(files_of_libraries({"/nowhere/x.blend"}).error().message, "--data-blocks: there is no such library");
  EXPECT_FALSE(files_of_libraries({file("only.json")}));
}

}  // namespace
}  // namespace offstage::cli
