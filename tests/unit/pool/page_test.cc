// SPDX-License-Identifier: Apache-2.0
#include "pool/page.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "pool/files.h"
#include "unit/pool/temp_folder.h"

namespace offstage::pool {
namespace {

/// What a worker writes, as bytes of the file.
struct Written {
  std::string bytes = std::string("OFFSTAG1") + std::string(4088, '\0');
  template <class T>
  Written& at(std::size_t offset, T value) {
    static_assert(sizeof value == 8);
    std::memcpy(bytes.data() + offset, &value, 8);
    return *this;
  }
  Written& progress(double fraction, const std::string& message, std::uint64_t sequence = 2) {
    at(8, sequence).at(16, fraction).at(24, std::uint64_t{3}).at(48, static_cast<std::uint64_t>(message.size()));
    bytes.replace(64, message.size(), message);
    return *this;
  }
};

class Pages : public ::testing::Test {
 protected:
  std::shared_ptr<Page> open(const Written& written) {
    auto page = Page::open(folder_.write("page", written.bytes));
    return page ? *page : nullptr;
  }
  TempFolder folder_;
};

TEST_F(Pages, progress_is_what_was_written) {
  const auto page = open(Written().progress(0.75, "drei Viertel"));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->progress().fraction, 0.75);
  EXPECT_EQ(page->progress().message, "drei Viertel");
  EXPECT_EQ(page->progress().count, 3U);
}

TEST_F(Pages, an_untouched_one_has_no_progress) {
  const auto page = open({});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->progress().fraction, -1);
  EXPECT_EQ(page->progress().count, 0U);
  EXPECT_TRUE(page->untouched());
}

TEST_F(Pages, a_message_that_is_being_written_is_not_read) {
  const auto page = open(Written().progress(0.5, "half a mess", 3));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->progress().message, "");
  EXPECT_EQ(page->progress().fraction, 0.5);
}

TEST_F(Pages, a_lying_worker_is_held_within_bounds) {
  auto page = open(Written().progress(7.5, "x").at(48, std::numeric_limits<std::uint64_t>::max()).at(32, std::uint64_t{99}));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->progress().fraction, 1);
  EXPECT_EQ(page->progress().message.size(), 1024U);
  EXPECT_FALSE(page->untouched());
  page = open(Written().progress(std::nan(""), ""));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->progress().fraction, -1);
}

TEST_F(Pages, only_go_counts_as_touched) {
  for (std::uint64_t phase = 0; phase < 4; ++phase) {
    const auto page = open(Written().at(32, phase));
    ASSERT_TRUE(page);
    EXPECT_EQ(page->untouched(), phase <= 1) << phase;
  }
}

TEST_F(Pages, the_flag_reaches_the_file) {
  open({})->raise_flag(2);
  EXPECT_EQ(read_file(folder_.path / "page", 4096).value()[2048], 2);
  auto again = Page::open(folder_.path / "page");
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->flag(), 2);
}

TEST_F(Pages, what_is_no_page_is_refused) {
  EXPECT_FALSE(Page::open(folder_.path / "missing"));
  EXPECT_FALSE(Page::open(folder_.write("short", "OFFSTAG1")));
  EXPECT_FALSE(Page::open(folder_.write("other", std::string(4096, 'x'))));
  EXPECT_FALSE(Page::open(folder_.path));
  const auto real = folder_.write("real", Written().bytes);
  std::filesystem::create_symlink(real, folder_.path / "link");
  EXPECT_FALSE(Page::open(folder_.path / "link"));
  ASSERT_EQ(::mkfifo((folder_.path / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(Page::open(folder_.path / "pipe"));
}

}  // namespace
}  // namespace offstage::pool
