// SPDX-License-Identifier: Apache-2.0
#include "store/inputs.h"

#include <sys/resource.h>

#include <csignal>

#include "contents_fixture.h"
#include "store/files.h"

namespace offstage::store {
namespace {

using std::chrono::hours;
namespace fs = std::filesystem;

class JobInputs : public WithContents {
 protected:
  fs::path taken(const std::string& name, JobId job = job_id(1)) const { return inputs_folder(folder_.path(), job) / name; }
  Status take(std::vector<InputSource> sources, JobId job = job_id(1)) {
    auto claim = inputs_.claim(job);
    if (!claim) return claim.error();
    if (Status done = claim->take(sources); !done) return done;
    claim->decided();
    claim->accepted();
    jobs_.insert(job);
    return Done{};
  }
};

TEST_F(JobInputs, files_and_folders_are_synced_together_and_what_is_not_there_is_named) {
  std::vector<fs::path> paths{folder_.path()};
  for (int i = 0; i < 10; ++i) paths.push_back(file(std::to_string(i), "x"));
  EXPECT_TRUE(sync_all(paths));
  EXPECT_TRUE(sync_all({}));
  fs::remove(paths[7]);
  const Status synced = sync_all(paths);
  ASSERT_FALSE(synced);
  EXPECT_EQ(synced.error().fields.front(), (std::pair<std::string, std::string>("file", paths[7])));
}

TEST_F(JobInputs, files_are_what_they_were_at_submit) {
  const fs::path source = file("user/a.txt", "before");
  ASSERT_TRUE(take({{"x/y.txt", source, "inputs[0].path"}}));
  file("user/a.txt", "after");
  EXPECT_EQ(text(taken("x/y.txt")), "before");
  EXPECT_EQ(stat_of(taken("x/y.txt")).st_mode & 0777, 0400U);
}

TEST_F(JobInputs, a_blob_is_linked_and_stays_as_long_as_the_job) {
  ASSERT_TRUE(write("contents"));
  ASSERT_TRUE(take({{"a", Sha256::of("contents"), "f"}, {"b", Sha256::of("contents"), "f"}}));
  EXPECT_EQ(text(taken("b")), "contents");
  EXPECT_EQ(stat_of(taken("a")).st_nlink, 3U);
  EXPECT_EQ(contents_.room.used(), 8) << "once";
  EXPECT_TRUE(collect(true, hours(48)).empty());
  jobs_.clear();
  const auto gone = collect(true, hours(48));
  ASSERT_EQ(gone.size(), 2U);
  EXPECT_EQ(gone.front().kind, ContentGarbage::Kind::inputs);
  EXPECT_EQ(gone.back().kind, ContentGarbage::Kind::blob);
  EXPECT_FALSE(fs::exists(taken("a")));
  EXPECT_EQ(contents_.room.used(), 0);
}

TEST_F(JobInputs, what_cannot_be_taken_is_told_with_its_field_and_leaves_nothing) {
  const fs::path good = file("good", "good");
  fs::create_directory(folder_.path() / "folder");
  ASSERT_EQ(::mkfifo((folder_.path() / "pipe").c_str(), 0600), 0);
  const auto refused = [&](std::variant<fs::path, Sha256> source) {
    const Status done = take({{"good", good, "inputs[0].path"}, {"bad", std::move(source), "inputs[1].path"}});
    EXPECT_FALSE(done);
    EXPECT_EQ(done.error().field, "inputs[1].path");
    EXPECT_FALSE(fs::exists(inputs_folder(folder_.path(), job_id(1))));
    EXPECT_EQ(contents_.room.used(), 0);
    return done.error().reason;
  };
  EXPECT_EQ(refused(folder_.path() / "nothing"), "INPUT_NOT_FOUND");
  EXPECT_EQ(refused(good / "below"), "INPUT_NOT_FOUND");
  EXPECT_EQ(refused(folder_.path() / "folder"), "INPUT_UNREADABLE");
  EXPECT_EQ(refused(folder_.path() / "pipe"), "INPUT_UNREADABLE");
  EXPECT_EQ(refused(fs::path("/dev/null")), "INPUT_UNREADABLE");
  EXPECT_EQ(refused(Sha256::of("never written")), "BLOB_NOT_FOUND");
  EXPECT_TRUE(take({{"good", good, "f"}}));
}

TEST_F(JobInputs, a_check_says_the_same_and_takes_nothing) {
  const std::vector<InputSource> bad{{"a", folder_.path() / "nothing", "inputs[0].path"}}, good{{"a", file("a", "1"), "f"}};
  EXPECT_EQ(inputs_.check(bad).error().reason, "INPUT_NOT_FOUND");
  EXPECT_TRUE(inputs_.check(good));
  EXPECT_TRUE(fs::is_empty(folder_.path() / "inputs"));
}

TEST_F(JobInputs, a_disk_that_takes_no_more_leaves_nothing) {
  const fs::path large = file("large", std::string(200'000, 'x'));
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit usual{};
  ::getrlimit(RLIMIT_FSIZE, &usual);
  const rlimit small{100'000, usual.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const Status refused = take({{"a", large, "f"}});
  ::setrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, before);
  EXPECT_FALSE(refused);
  EXPECT_TRUE(fs::is_empty(folder_.path() / "inputs"));
  EXPECT_EQ(contents_.room.used(), 0);
}

TEST_F(JobInputs, a_submit_that_is_refused_gives_back_what_it_took) {
  const fs::path staged = file("staging/big", "big"), source = file("a", "a");
  ASSERT_TRUE(write("blob"));
  {
    auto claim = inputs_.claim(job_id(1));
    const std::vector<InputSource> sources{{"big", staged, "f"}, {"a", source, "f"}, {"b", Sha256::of("blob"), "f"}};
    ASSERT_TRUE(claim->take(sources));
    claim->decided();
    claim->refused();
  }
  EXPECT_TRUE(fs::is_empty(folder_.path() / "inputs"));
  EXPECT_EQ(text(staged), "big");
  EXPECT_EQ(contents_.room.used(), 4);
}

TEST_F(JobInputs, one_whose_answer_never_came_stays_until_it_is_known_that_there_is_no_job) {
  {
    auto claim = inputs_.claim(job_id(1));
    const std::vector<InputSource> sources{{"a", file("a", "a"), "f"}};
    ASSERT_TRUE(claim->take(sources));
    EXPECT_TRUE(collect().empty()) << "it is being submitted";
    claim->decided();
  }
  EXPECT_TRUE(fs::exists(taken("a")));
  jobs_.insert(job_id(1));
  EXPECT_TRUE(collect().empty());
  jobs_.clear();
  EXPECT_EQ(collect(false).size(), 1U);
  EXPECT_TRUE(fs::exists(taken("a"))) << "it was only told";
  EXPECT_EQ(collect().size(), 1U);
  EXPECT_FALSE(fs::exists(taken("a")));
  EXPECT_EQ(contents_.room.used(), 0);
}

TEST_F(JobInputs, the_same_request_is_not_taken_twice_at_a_time) {
  const auto first = inputs_.claim(job_id(1));
  ASSERT_TRUE(first);
  const auto second = inputs_.claim(job_id(1));
  EXPECT_EQ(second.error().reason, "SUBMIT_UNDER_WAY");
  EXPECT_EQ(second.error().code, Code::unavailable);
  EXPECT_TRUE(inputs_.claim(job_id(2)));
}

TEST_F(JobInputs, the_rest_of_a_submit_that_a_crash_cut_short_is_replaced) {
  file("inputs/" + job_id(1).hex() + "/old", "half");
  ASSERT_TRUE(take({{"a", file("a", "a"), "f"}}));
  EXPECT_FALSE(fs::exists(taken("old")));
  EXPECT_EQ(text(taken("a")), "a");
}

TEST_F(JobInputs, a_staged_file_is_taken_over_without_a_copy) {
  const fs::path staged = file("staging/scene.blend", "blend");
  const auto inode = stat_of(staged).st_ino;
  ASSERT_TRUE(take({{"scene.blend", staged, "f"}}));
  EXPECT_FALSE(fs::exists(staged));
  EXPECT_EQ(stat_of(taken("scene.blend")).st_ino, inode);
  EXPECT_EQ(stat_of(taken("scene.blend")).st_mode & 0777, 0400U);
  EXPECT_EQ(contents_.room.used(), 5);
}

TEST_F(JobInputs, only_what_lies_in_the_staging_folder_itself_is_taken_over) {
  const fs::path outside = file("outside", "mine"), staging = folder_.path() / "staging";
  fs::create_symlink(outside, staging / "link");
  fs::create_hard_link(outside, staging / "hard");
  ASSERT_TRUE(take({{"a", staging / "link", "f"}, {"b", staging / "hard", "f"}, {"c", staging / ".." / "outside", "f"}}));
  EXPECT_EQ(stat_of(outside).st_nlink, 2U);
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_EQ(text(taken(name)), "mine");
    EXPECT_NE(stat_of(taken(name)).st_ino, stat_of(outside).st_ino);
  }
  EXPECT_TRUE(fs::exists(staging / "hard"));
}

TEST_F(JobInputs, what_is_staged_and_not_taken_goes_after_a_day) {
  file("staging/forgotten", "x");
  EXPECT_TRUE(collect(true, hours(23)).empty());
  const auto gone = collect(true, hours(25));
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone.front().kind, ContentGarbage::Kind::staged);
  EXPECT_TRUE(fs::is_empty(folder_.path() / "staging"));
}

}  // namespace
}  // namespace offstage::store
