// SPDX-License-Identifier: Apache-2.0
//
// The folder of a keeper, and the scene by value in it.
#include "pool/scratch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/unique_fd.h"
#include "store/contents.h"
#include "store/upload.h"
#include "temp_folder.h"

namespace offstage::pool {
namespace {

namespace fs = std::filesystem;

struct Scratch : testing::Test {
  Scratch() {
    EXPECT_TRUE(contents.open());
    fs::create_directory(state.path / "keepers");
  }
  static core::Kind by_value(const Sha256& name) { return {.blender = "b", .scene = R"({"blob":")" + name.hex() + R"(","original_path":"/x.blend"})"}; }
  std::size_t collected(Wall now) {
    return contents.collect([](JobId) { return true; }, now, true).size();
  }

  TempFolder state;
  store::Contents contents{state.path, 0, 0};
  const fs::path folder = scratch_folder(state.path, "0123456789abcdef");
};

TEST_F(Scratch, is_empty_where_no_scene_was_handed_over) {
  EXPECT_EQ(folder, state.path / "keepers" / "01234567.tmp");
  EXPECT_TRUE(make_scratch(folder, {.blender = "b", .scene = R"({"path":"/x.blend"})"}, state.path));
  EXPECT_TRUE(fs::is_empty(folder));
  EXPECT_FALSE(make_scratch(folder, {.blender = "b"}, state.path)) << "it is another's";
}

TEST_F(Scratch, holds_the_scene_and_with_it_the_blob_until_an_hour_after_its_end) {
  const std::string bytes = "BLENDER";
  const Sha256 name = Sha256::of(bytes);
  ASSERT_TRUE((*contents.blobs.upload(name, static_cast<std::int64_t>(bytes.size())))->append(0, bytes));
  ASSERT_TRUE(make_scratch(folder, by_value(name), state.path));
  EXPECT_TRUE(fs::equivalent(scene_in(folder), contents.blobs.path(name)));
  const Wall later = Now::read().wall + std::chrono::hours(2);
  EXPECT_EQ(collected(later), 0U);
  const timespec long_ago[2] = {{1, 0}, {1, 0}};
  ::utimensat(AT_FDCWD, scene_in(folder).c_str(), long_ago, 0);
  touch_scene(folder);
  fs::remove_all(folder);
  EXPECT_EQ(collected(Now::read().wall + std::chrono::minutes(50)), 0U) << "a zygote that takes its place finds it";
  EXPECT_EQ(collected(later), 1U);
  EXPECT_EQ(make_scratch(folder, by_value(name), state.path).error().reason, "BLOB_NOT_FOUND");
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(Scratch, is_in_use_as_long_as_anybody_has_the_lock) {
  EXPECT_FALSE(in_use(folder));
  fs::create_directory(folder);
  EXPECT_FALSE(in_use(folder));
  {
    const UniqueFd zygote(::open(folder.c_str(), O_RDONLY | O_DIRECTORY));
    ASSERT_EQ(::flock(zygote.get(), LOCK_SH), 0);
    EXPECT_TRUE(in_use(folder));
    const UniqueFd child(::dup(zygote.get()));  // as a fork gives it
    EXPECT_TRUE(in_use(folder));
  }
  EXPECT_FALSE(in_use(folder));
}

}  // namespace
}  // namespace offstage::pool
