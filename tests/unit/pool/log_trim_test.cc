// SPDX-License-Identifier: Apache-2.0
#include "pool/log_trim.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "temp_folder.h"

namespace offstage::pool {
namespace {

constexpr std::int64_t kib = 1024, keep = 64 * kib;

std::string lines(std::int64_t bytes) {
  std::string out;
  for (int n = 0; static_cast<std::int64_t>(out.size()) < bytes; ++n) out += "line " + std::to_string(n) + "\n";
  return out;
}
std::int64_t on_disk(const std::filesystem::path& file) {
  struct stat s {};
  ::stat(file.c_str(), &s);
  return s.st_blocks * 512;
}
std::string text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(LogTrim, head_and_tail_stay_where_they_are_and_the_middle_is_given_back) {
  const TempFolder folder;
  const std::string whole = lines(1024 * kib);
  const auto log = folder.write("log", whole);
  trim_log(log, keep);
  const std::string left = text(log);
  ASSERT_EQ(left.size(), whole.size());
  EXPECT_EQ(left.substr(0, keep / 4), whole.substr(0, keep / 4));
  EXPECT_EQ(left.substr(left.size() - keep * 3 / 4), whole.substr(whole.size() - keep * 3 / 4));
  EXPECT_LE(on_disk(log), keep + 8 * kib);
}

TEST(LogTrim, a_log_that_is_not_too_long_stays_whole) {
  const TempFolder folder;
  const std::string whole = lines(60 * kib);
  const auto log = folder.write("log", whole);
  trim_log(log, keep);
  EXPECT_EQ(text(log), whole);
}

TEST(LogTrim, what_a_script_has_put_in_its_place_is_not_followed) {
  const TempFolder folder;
  const auto precious = folder.write("precious", lines(1024 * kib));
  const std::int64_t before = on_disk(precious);
  std::filesystem::create_symlink(precious, folder.path / "log");
  trim_log(folder.path / "log", keep);
  EXPECT_EQ(on_disk(precious), before);
}

}  // namespace
}  // namespace offstage::pool
