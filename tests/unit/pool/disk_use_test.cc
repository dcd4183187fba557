// SPDX-License-Identifier: Apache-2.0
#include "pool/disk_use.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "temp_folder.h"

namespace offstage::pool {
namespace {

TEST(DiskUse, all_below_a_folder_counts_but_for_what_is_passed_over) {
  const TempFolder folder;
  folder.write("a", std::string(100'000, 'x'));
  folder.write("deep/er/b", std::string(200'000, 'x'));
  folder.write("tmp/c", std::string(1'000'000, 'x'));
  EXPECT_GE(disk_use(folder.path), 1'300'000);
  EXPECT_GE(disk_use(folder.path, "tmp"), 300'000);
  EXPECT_LT(disk_use(folder.path, "tmp"), 1'000'000);
}

TEST(DiskUse, holes_take_nothing) {
  const TempFolder folder;
  const UniqueFd file(::open((folder.path / "log").c_str(), O_WRONLY | O_CREAT, 0600));
  ASSERT_EQ(::ftruncate(file.get(), std::int64_t{1} << 30), 0);
  EXPECT_LT(disk_use(folder.path), 1 << 20);
}

TEST(DiskUse, no_symlink_is_followed_and_what_is_not_there_takes_nothing) {
  const TempFolder folder, other;
  other.write("large", std::string(1'000'000, 'x'));
  std::filesystem::create_directory_symlink(other.path, folder.path / "link");
  EXPECT_LT(disk_use(folder.path), 500'000);
  EXPECT_LT(disk_use(folder.path / "link"), 500'000);
  EXPECT_EQ(disk_use(folder.path / "nothing"), 0);
}

TEST(DiskUse, a_folder_deeper_than_any_number_of_descriptors_is_looked_at_without_harm) {
  const TempFolder folder;
  int at = ::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY);
  for (int level = 0; level < 2000; ++level) {
    ASSERT_EQ(::mkdirat(at, "d", 0700), 0);
    const int next = ::openat(at, "d", O_RDONLY | O_DIRECTORY);
    ::close(at);
    at = next;
  }
  ::close(at);
  EXPECT_GE(disk_use(folder.path), 0);
}

}  // namespace
}  // namespace offstage::pool
