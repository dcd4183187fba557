// SPDX-License-Identifier: Apache-2.0
#include "pool/delivery.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "results.h"

namespace offstage::pool {
namespace {

namespace fs = std::filesystem;
using core::Reason;

class DeliveryTest : public testing::Test {
 protected:
  Delivered deliver_all(const std::map<std::string, std::string>& files) {
    leave(folder_, files);
    return deliver({folder_.path, id_, target()}, *read_manifest(folder_.path), stop_, failure_);
  }
  fs::path target() const { return home_.path / "shots"; }
  /// All below the target: files with their content, folders with "/".
  std::map<std::string, std::string> there() const {
    std::map<std::string, std::string> out;
    if (!fs::exists(target())) return out;
    for (const auto& entry : fs::recursive_directory_iterator(target())) {
      out[fs::relative(entry.path(), target())] = entry.is_directory() ? "/" : content_of(entry.path());
    }
    return out;
  }

  const TempFolder folder_, home_;
  const AttemptId id_ = AttemptId::random();
  std::atomic<bool> stop_{false};
  core::Failure failure_;
};

TEST_F(DeliveryTest, files_come_into_a_folder_that_is_made_for_them) {
  EXPECT_EQ(deliver_all({{"a.png", "1"}, {"deep/er/b", ""}}), Delivered::all) << failure_.message;
  EXPECT_EQ(there(), (std::map<std::string, std::string>{{"a.png", "1"}, {"deep", "/"}, {"deep/er", "/"}, {"deep/er/b", ""}}));
  EXPECT_EQ(content_of(folder_.path / "out/a.png"), "1");
}

TEST_F(DeliveryTest, what_is_there_is_replaced_and_the_rest_left_alone) {
  home_.write("shots/a", "old");
  home_.write("shots/other", "mine");
  EXPECT_EQ(deliver_all({{"a", "new"}}), Delivered::all);
  EXPECT_EQ(there(), (std::map<std::string, std::string>{{"a", "new"}, {"other", "mine"}}));
}

TEST_F(DeliveryTest, a_link_in_the_place_of_a_file_is_replaced_and_not_followed) {
  home_.write("precious", "p");
  fs::create_directories(target());
  fs::create_symlink("../precious", target() / "a");
  EXPECT_EQ(deliver_all({{"a", "new"}}), Delivered::all);
  EXPECT_EQ(content_of(home_.path / "precious"), "p");
  EXPECT_FALSE(fs::is_symlink(target() / "a"));
}

TEST_F(DeliveryTest, parts_of_values_and_data_blocks_stay_where_they_are) {
  EXPECT_EQ(deliver_all({{".values/0.npy", "n"}, {".blocks/0.blend", "b"}, {".hidden", "h"}}), Delivered::all);
  EXPECT_EQ(there(), (std::map<std::string, std::string>{{".hidden", "h"}}));
}

TEST_F(DeliveryTest, files_are_as_open_as_the_folder_that_they_come_into) {
  fs::create_directories(target());
  ::chmod(target().c_str(), 0755);
  EXPECT_EQ(deliver_all({{"a", "1"}, {"sub/b", "2"}}), Delivered::all);
  const auto mode = [this](const std::string& name) { return static_cast<unsigned>(fs::status(target() / name).permissions()); };
  EXPECT_EQ(mode("a"), 0644U);
  EXPECT_EQ(mode("sub"), 0755U);
  EXPECT_EQ(mode("sub/b"), 0644U);
}

TEST_F(DeliveryTest, one_that_fails_leaves_nothing_of_the_others) {
  home_.write("shots/z", "a file where a folder should be");
  EXPECT_EQ(deliver_all({{"a", "1"}, {"z/b", "2"}}), Delivered::failed);
  EXPECT_EQ(failure_.reason, Reason::result_invalid);
  EXPECT_NE(failure_.message.find((target() / "z/b").string()), std::string::npos) << failure_.message;
  EXPECT_EQ(there(), (std::map<std::string, std::string>{{"z", "a file where a folder should be"}}));
}

TEST_F(DeliveryTest, a_file_that_is_not_there_any_more_fails_it) {
  leave(folder_, {{"a", "1"}});
  const auto manifest = read_manifest(folder_.path);
  fs::remove(folder_.path / "out/a");
  EXPECT_EQ(deliver({folder_.path, id_, target()}, *manifest, stop_, failure_), Delivered::failed);
  EXPECT_TRUE(there().empty());
}

TEST_F(DeliveryTest, one_that_is_stopped_leaves_no_file_and_takes_away_what_a_crash_left_of_it) {
  home_.write("shots/.offstage-" + id_.hex() + "-0", "half");
  stop_ = true;
  EXPECT_EQ(deliver_all({{"a", "1"}}), Delivered::stopped);
  EXPECT_TRUE(there().empty());
}

TEST_F(DeliveryTest, it_can_be_made_again_after_a_crash) {
  home_.write("shots/.offstage-" + id_.hex() + "-0", "half a");
  home_.write("shots/b", "2");
  EXPECT_EQ(deliver_all({{"a", "1"}, {"b", "2"}}), Delivered::all);
  EXPECT_EQ(there(), (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}));
}

}  // namespace
}  // namespace offstage::pool
