// SPDX-License-Identifier: Apache-2.0
#include "store/blobs.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>

#include "contents_fixture.h"

namespace offstage::store {
namespace {

using std::chrono::hours;

std::string bytes_of(std::size_t size, char seed = 1) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + i / 251 + static_cast<std::size_t>(seed));
  return out;
}

class BlobStore : public WithContents {};

TEST_F(BlobStore, what_was_written_is_read_back_read_only) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5000}}) {
    const std::string bytes = bytes_of(size);
    EXPECT_FALSE(blobs_.touch(Sha256::of(bytes)));
    ASSERT_EQ(*write(bytes), static_cast<std::int64_t>(size));
    EXPECT_TRUE(blobs_.touch(Sha256::of(bytes)));
    EXPECT_EQ(text(blobs_.path(Sha256::of(bytes))), bytes);
    EXPECT_EQ(stat_of(blobs_.path(Sha256::of(bytes))).st_mode & 0777, 0400U);
    EXPECT_EQ(blobs_.read(Sha256::of(bytes))->size, static_cast<std::int64_t>(size));
    EXPECT_TRUE(blobs_.written(Sha256::of(bytes)).complete);
  }
  EXPECT_TRUE(std::filesystem::is_empty(blobs_.folder() / "partial"));
}

TEST_F(BlobStore, one_that_is_there_is_whole_at_once) {
  const std::string bytes = bytes_of(3000);
  ASSERT_TRUE(write(bytes));
  const auto upload = blobs_.upload(Sha256::of(bytes), 3000);
  EXPECT_EQ(*(*upload)->append(0, "x"), 3000);
}

TEST_F(BlobStore, what_broke_off_is_resumed_by_a_later_process) {
  const std::string bytes = bytes_of(3000);
  const Sha256 name = Sha256::of(bytes);
  { ASSERT_EQ(*(*blobs_.upload(name, 3000))->append(0, bytes.substr(0, 1000)), 1000); }
  EXPECT_EQ(blobs_.written(name).bytes, 1000);
  EXPECT_FALSE(blobs_.written(name).complete);
  EXPECT_EQ(blobs_.read(name).error().reason, "BLOB_NOT_FOUND");
  Contents later(folder_.path(), 0, 0);
  const auto upload = later.blobs.upload(name, 3000);
  EXPECT_EQ(*(*upload)->append(1000, bytes.substr(1000)), 3000);
  EXPECT_EQ(text(blobs_.path(name)), bytes);
}

TEST_F(BlobStore, two_writers_of_one_blob_help_each_other) {
  const std::string bytes = bytes_of(3000);
  const auto one = *blobs_.upload(Sha256::of(bytes), 3000), other = *blobs_.upload(Sha256::of(bytes), 3000);
  EXPECT_EQ(*one->append(0, bytes.substr(0, 1000)), 1000);
  EXPECT_EQ(*other->append(0, bytes.substr(0, 2000)), 2000);
  EXPECT_EQ(*one->append(1000, bytes.substr(1000, 500)), 2000);
  EXPECT_EQ(*one->append(1500, bytes.substr(1500)), 3000);
  EXPECT_EQ(*other->append(2000, bytes.substr(2000)), 3000);
  EXPECT_EQ(text(blobs_.path(Sha256::of(bytes))), bytes);
}

TEST_F(BlobStore, a_gap_and_too_many_bytes_are_refused_and_harm_nothing) {
  const std::string bytes = bytes_of(3000);
  const auto upload = *blobs_.upload(Sha256::of(bytes), 3000);
  ASSERT_TRUE(upload->append(0, bytes.substr(0, 1000)));
  const auto gap = upload->append(1001, "x");
  EXPECT_EQ(gap.error().reason, "BLOB_OFFSET");
  EXPECT_EQ(gap.error().code, Code::out_of_range);
  EXPECT_EQ(gap.error().fields.back(), std::make_pair(std::string("committed_size"), std::string("1000")));
  EXPECT_EQ(upload->append(1000, bytes_of(2001)).error().reason, "BLOB_TOO_LONG");
  EXPECT_EQ(*upload->append(1000, bytes.substr(1000)), 3000);
}

TEST_F(BlobStore, wrong_bytes_are_never_seen_and_removed) {
  const Sha256 name = Sha256::of(bytes_of(3000));
  const auto wrong = *blobs_.upload(name, 3000);
  EXPECT_EQ(wrong->append(0, bytes_of(3000, 7)).error().reason, "BLOB_HASH_MISMATCH");
  EXPECT_FALSE(blobs_.touch(name));
  EXPECT_TRUE(std::filesystem::is_empty(blobs_.folder() / "partial"));
  EXPECT_EQ(contents_.room.used(), 0);
  EXPECT_EQ(*write(bytes_of(3000)), 3000) << "while the one that failed is still held";
}

TEST_F(BlobStore, a_rest_that_a_power_cut_has_spoilt_is_refused_and_the_next_write_is_good) {
  const std::string bytes = bytes_of(3000);
  file("blobs/partial/" + Sha256::of(bytes).hex(), std::string(2000, '\0'));
  EXPECT_EQ((*blobs_.upload(Sha256::of(bytes), 3000))->append(2000, bytes.substr(2000)).error().reason, "BLOB_HASH_MISMATCH");
  EXPECT_EQ(*write(bytes), 3000);
}

TEST_F(BlobStore, one_name_has_one_size_at_a_time) {
  const std::string bytes = bytes_of(3000);
  const auto upload = *blobs_.upload(Sha256::of(bytes), 3000);
  EXPECT_EQ(blobs_.upload(Sha256::of(bytes), 3001).error().reason, "BLOB_BUSY");
  EXPECT_EQ(*upload->append(0, bytes), 3000);
}

TEST_F(BlobStore, a_disk_that_takes_no_more_leaves_what_is_there_to_be_resumed) {
  const std::string bytes = bytes_of(3000);
  const auto upload = *blobs_.upload(Sha256::of(bytes), 3000);
  ASSERT_TRUE(upload->append(0, bytes.substr(0, 1000)));
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit usual{};
  ::getrlimit(RLIMIT_FSIZE, &usual);
  const rlimit small{1500, usual.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto refused = upload->append(1000, bytes.substr(1000));
  ::setrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, before);
  ASSERT_FALSE(refused);
  EXPECT_EQ(blobs_.written(Sha256::of(bytes)).bytes, 1000);
  EXPECT_EQ(*upload->append(1000, bytes.substr(1000)), 3000);
  EXPECT_EQ(text(blobs_.path(Sha256::of(bytes))), bytes);
}

TEST_F(BlobStore, a_damaged_one_is_set_aside_and_can_be_written_anew) {
  const std::string bytes = bytes_of(3000);
  ASSERT_TRUE(write(bytes));
  const Error told = blobs_.set_aside(Sha256::of(bytes));
  EXPECT_EQ(told.code, Code::data_loss);
  EXPECT_EQ(told.reason, "BLOB_CORRUPT");
  EXPECT_FALSE(blobs_.touch(Sha256::of(bytes)));
  EXPECT_TRUE(std::filesystem::exists(blobs_.folder() / "corrupt" / Sha256::of(bytes).hex()));
  EXPECT_EQ(*write(bytes), 3000);
  EXPECT_TRUE(collect(false, hours(24 * 6)).empty() || collect(false, hours(24 * 6)).front().kind == ContentGarbage::Kind::blob);
  const auto found = collect(true, hours(24 * 8));
  EXPECT_TRUE(std::ranges::any_of(found, [](const auto& one) { return one.kind == ContentGarbage::Kind::corrupt; }));
  EXPECT_TRUE(std::filesystem::is_empty(blobs_.folder() / "corrupt"));
}

TEST_F(BlobStore, gc_takes_what_nobody_links_to_an_hour_after_it_was_last_asked_for) {
  ASSERT_TRUE(write("used"));
  ASSERT_TRUE(write("not used"));
  ASSERT_TRUE(blobs_.link(Sha256::of("used"), folder_.path() / "link"));
  EXPECT_TRUE(collect().empty());
  age(blobs_.path(Sha256::of("used")), hours(2));
  age(blobs_.path(Sha256::of("not used")), hours(2));
  ASSERT_EQ(collect(false).size(), 1U);
  EXPECT_TRUE(blobs_.touch(Sha256::of("not used")));
  EXPECT_TRUE(collect().empty()) << "it was asked for";
  age(blobs_.path(Sha256::of("not used")), hours(2));
  const auto gone = collect();
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone.front().kind, ContentGarbage::Kind::blob);
  EXPECT_EQ(gone.front().bytes, 8);
  EXPECT_FALSE(blobs_.touch(Sha256::of("not used")));
  EXPECT_EQ(text(blobs_.path(Sha256::of("used"))), "used");
  EXPECT_EQ(contents_.room.used(), 4);
}

TEST_F(BlobStore, gc_takes_what_was_begun_after_a_day_but_not_under_a_writer) {
  const std::string bytes = bytes_of(3000);
  auto upload = *blobs_.upload(Sha256::of(bytes), 3000);
  ASSERT_TRUE(upload->append(0, bytes.substr(0, 1000)));
  EXPECT_TRUE(collect(true, hours(48)).empty());
  EXPECT_EQ(contents_.room.used(), 1000);
  upload.reset();
  EXPECT_TRUE(collect(true, hours(23)).empty());
  ASSERT_EQ(collect(true, hours(25)).size(), 1U);
  EXPECT_EQ(blobs_.written(Sha256::of(bytes)).bytes, 0);
  EXPECT_EQ(contents_.room.used(), 0);
}

class SmallBlobStore : public WithContents {
 protected:
  SmallBlobStore() : WithContents(10'000) {}
};

TEST_F(SmallBlobStore, a_full_quota_refuses_before_a_byte_is_written_and_room_comes_back) {
  ASSERT_TRUE(write(bytes_of(6000)));
  const auto refused = write(bytes_of(5000));
  EXPECT_EQ(refused.error().reason, "QUOTA_FULL");
  EXPECT_EQ(refused.error().code, Code::resource_exhausted);
  EXPECT_TRUE(std::filesystem::is_empty(blobs_.folder() / "partial"));
  ASSERT_TRUE(write(bytes_of(4000)));
  EXPECT_EQ(contents_.room.used(), 10'000);
  collect(true, hours(2));
  EXPECT_TRUE(write(bytes_of(5000)));
}

TEST_F(SmallBlobStore, what_is_promised_to_one_writer_is_not_given_to_another) {
  auto first = blobs_.upload(Sha256::of(bytes_of(6000)), 6000);
  ASSERT_TRUE(first);
  EXPECT_EQ(write(bytes_of(5000)).error().reason, "QUOTA_FULL");
  first = Error{};
  EXPECT_TRUE(write(bytes_of(5000))) << "it went, and wrote nothing";
}

TEST_F(SmallBlobStore, a_later_process_knows_what_lies_there) {
  ASSERT_TRUE(write(bytes_of(6000)));
  Contents later(folder_.path(), 10'000, 0);
  later.measure();
  EXPECT_EQ(later.room.used(), 6000);
  EXPECT_EQ(later.blobs.upload(Sha256::of(bytes_of(5000)), 5000).error().reason, "QUOTA_FULL");
}

TEST(Room, a_disk_that_is_low_refuses_what_is_new_and_not_what_lies_there) {
  const TempFolder folder;
  Room room(folder.path(), 0, std::int64_t{1} << 60);
  EXPECT_EQ(room.claim(1).error().reason, "DISK_LOW");
  EXPECT_TRUE(room.claim(1, true));
}

}  // namespace
}  // namespace offstage::store
