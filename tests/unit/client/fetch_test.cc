// SPDX-License-Identifier: Apache-2.0
//
// Fetched files are whole, verified, and never silently replaced, from here and from afar.
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "unit/client/mock_connection.h"

namespace offstage {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::NiceMock;

std::string sha256(const std::string& bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  ::SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::string out;
  for (const unsigned char byte : digest) {
    out += "0123456789abcdef"[byte >> 4U];
    out += "0123456789abcdef"[byte & 15U];
  }
  return out;
}

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const fs::path& file, const std::string& bytes) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
}

FileLook look_of(const fs::path& file) {
  struct stat status {};
  EXPECT_EQ(::stat(file.c_str(), &status), 0);
  const auto ns = [](const timespec& time) { return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec; };
  return {.mtime_ns = ns(status.st_mtim), .ctime_ns = ns(status.st_ctim), .inode = status.st_ino};
}

/// A daemon with one attempt's files; streams bring pieces of 10 bytes and break after `bytes_a_stream`.
class FetchTest : public ::testing::Test {
 protected:
  FetchTest() {
    std::string name = (fs::temp_directory_path() / "offstage-fetch-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    ON_CALL(*connection_, is_local).WillByDefault([this] { return local_; });
    ON_CALL(*connection_, list_files).WillByDefault([this](const FilesRequest&, auto) -> Result<FilePage> {
      FilePage page{.attempt = "jobs/1/tasks/0/attempts/2", .out_dir = out().string()};
      for (const auto& [name, bytes] : listed_)
        page.files.push_back({.name = name, .size = static_cast<std::int64_t>(bytes.size()), .sha256 = sha256(bytes), .look = looks_[name]});
      return page;
    });
    ON_CALL(*connection_, read_file).WillByDefault([this](const ReadFileRequest& request, const OnFileChunk& on_chunk, const auto&) {
      return read(request, on_chunk);
    });
  }
  ~FetchTest() override { fs::remove_all(folder_); }

  fs::path out() const { return folder_ / "out"; }
  fs::path here() const { return folder_ / "here"; }
  void leave(const std::string& name, const std::string& bytes) {
    listed_[name] = bytes;
    write(out() / name, bytes);
  }
  /// … and the list has what it looks like.
  void leave_known(const std::string& name, const std::string& bytes) {
    leave(name, bytes);
    looks_[name] = look_of(out() / name);
  }
  Result<std::vector<FetchedFile>> fetch(std::vector<std::string> patterns = {}, bool force = false, bool verify = false) {
    return client_.fetch("jobs/1", {.folder = here().string(), .patterns = std::move(patterns), .force = force, .verify = verify});
  }
  std::map<std::string, std::string> there() const {
    std::map<std::string, std::string> all;
    if (!fs::exists(here())) return all;
    for (const auto& entry : fs::recursive_directory_iterator(here()))
      if (entry.is_regular_file()) all[fs::relative(entry.path(), here())] = content_of(entry.path());
    return all;
  }

  fs::path folder_;
  bool local_ = false;
  std::map<std::string, std::string> listed_, served_;  // served_: what comes instead of what was listed
  std::map<std::string, std::optional<FileLook>> looks_;
  std::size_t bytes_a_stream_ = 1000;
  std::vector<std::int64_t> offsets_;
  std::shared_ptr<NiceMock<MockConnection>> connection_ = std::make_shared<NiceMock<MockConnection>>();
  Client client_{connection_, hasty()};

 private:
  Status read(const ReadFileRequest& request, const OnFileChunk& on_chunk) {
    EXPECT_EQ(request.name, "jobs/1/tasks/0/attempts/2");
    offsets_.push_back(request.offset);
    const std::string bytes = served_.contains(request.file) ? served_[request.file] : listed_.at(request.file);
    std::size_t left = bytes_a_stream_;
    for (auto at = static_cast<std::size_t>(request.offset); at < bytes.size(); at += 10) {
      if (left < 10) return gone();
      left -= 10;
      if (!on_chunk({.data = bytes.substr(at, 10)})) return Error{.code = Code::cancelled};
    }
    return Done{};
  }
};

TEST_F(FetchTest, files_come_from_afar_into_a_folder_that_is_made_for_them) {
  leave("a", std::string(95, 'a'));
  leave("deep/er/b", "");
  const auto fetched = fetch();
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(there(), listed_);
  ASSERT_EQ(fetched->size(), 2U);
  EXPECT_EQ(fetched->at(0).path, (here() / "a").string());
  EXPECT_FALSE(fetched->at(0).unchanged);
}

TEST_F(FetchTest, broken_streams_go_on_where_they_broke) {
  leave("a", "0123456789abcdefghijklmnopqrstuvwxyz");
  bytes_a_stream_ = 20;
  ASSERT_TRUE(fetch());
  EXPECT_EQ(there(), listed_);
  EXPECT_THAT(offsets_, ElementsAre(0, 20));
}

TEST_F(FetchTest, what_an_earlier_fetch_has_brought_is_not_sent_again) {
  leave("a", "0123456789abcdefghij");
  write(here() / "a.part", "0123456789");
  ASSERT_TRUE(fetch());
  EXPECT_EQ(there(), listed_);
  EXPECT_THAT(offsets_, ElementsAre(10));
}

TEST_F(FetchTest, a_part_of_something_else_is_brought_again_from_the_start) {
  leave("a", "0123456789abcdefghij");
  write(here() / "a.part", "other cont");
  ASSERT_TRUE(fetch());
  EXPECT_EQ(there(), listed_);
  EXPECT_THAT(offsets_, ElementsAre(10, 0));
}

TEST_F(FetchTest, a_part_that_is_too_long_is_brought_again_from_the_start) {
  leave("a", "0123456789");
  write(here() / "a.part", "0123456789abc");
  ASSERT_TRUE(fetch());
  EXPECT_EQ(there(), listed_);
}

TEST_F(FetchTest, a_whole_part_only_gets_its_name) {
  leave("a", "0123456789");
  write(here() / "a.part", "0123456789");
  ASSERT_TRUE(fetch());
  EXPECT_EQ(there(), listed_);
  EXPECT_TRUE(offsets_.empty());
}

TEST_F(FetchTest, what_is_not_what_was_listed_gets_no_name) {
  leave("a", "0123456789");
  served_["a"] = "012345678X";
  const auto fetched = fetch();
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code, Code::data_loss);
  EXPECT_FALSE(fs::exists(here() / "a"));
}

TEST_F(FetchTest, what_is_there_already_is_left_alone) {
  leave("a", "0123456789");
  write(here() / "a", "0123456789");
  const auto fetched = fetch();
  ASSERT_TRUE(fetched);
  EXPECT_TRUE(fetched->at(0).unchanged);
  EXPECT_TRUE(offsets_.empty());
}

TEST_F(FetchTest, what_differs_stops_all_of_it_before_anything_is_written) {
  leave("a", "new");
  leave("b", "new, too");
  write(here() / "b", "mine");
  const auto fetched = fetch();
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().reason, "FILES_DIFFER");
  EXPECT_EQ(fetched.error().field("file"), (here() / "b").string());
  EXPECT_EQ(there(), (std::map<std::string, std::string>{{"b", "mine"}}));
  ASSERT_TRUE(fetch({}, true));
  EXPECT_EQ(there(), listed_);
}

TEST_F(FetchTest, from_this_machine_files_are_taken_where_they_lie) {
  local_ = true;
  leave("small", "s");
  leave("deep/large", std::string(5'000'000, 'l'));
  leave("empty", "");
  write(here() / "small.part", "left by a fetch that was killed");
  EXPECT_CALL(*connection_, read_file).Times(0);
  const auto fetched = fetch();
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(there(), listed_);
}

TEST_F(FetchTest, from_this_machine_too_what_was_changed_gets_no_name) {
  local_ = true;
  for (const std::size_t size : {10U, 2'000'000U}) {
    leave("a", std::string(size, 'a'));
    served_["a"] = std::string(size - 1, 'a') + "X";
    write(out() / "a", served_["a"]);
    const auto fetched = fetch();
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().reason, "FILE_CHANGED");
    EXPECT_TRUE(there().empty());
  }
}

/// The hash in the list is a wrong one, so that a file is brought if and only if nobody reads it.
TEST_F(FetchTest, from_this_machine_what_looks_as_it_did_when_it_was_hashed_is_not_read_again_unless_asked) {
  local_ = true;
  bytes_a_stream_ = 10'000'000;
  for (const std::size_t size : {0U, 10U, 5'000'000U}) {
    leave_known("a", std::string(size, 'a'));
    listed_["a"] = std::string(size, 'b');
    served_["a"] = std::string(size, 'a');
    write(here() / "a.part", "left by a fetch that was killed, and longer");
    ASSERT_TRUE(fetch({}, true)) << size;
    EXPECT_EQ(content_of(here() / "a"), std::string(size, 'a'));
    fs::remove_all(here());
    EXPECT_EQ(bool(fetch({}, true, true)), size == 0) << size;
    EXPECT_EQ(fs::exists(here() / "a"), size == 0);
  }
}

TEST_F(FetchTest, from_this_machine_what_looks_otherwise_than_when_it_was_hashed_is_read) {
  local_ = true;
  const std::vector<std::function<void()>> changes{[&] { looks_["a"]->mtime_ns += 1; }, [&] { looks_["a"]->ctime_ns -= 1; }, [&] { looks_["a"]->inode += 1; }};
  for (const auto& change : changes) {
    leave_known("a", "0123456789");
    change();
    ASSERT_TRUE(fetch({}, true));
    EXPECT_EQ(there(), listed_);
    served_["a"] = "012345678X";
    write(out() / "a", "012345678X");
    fs::remove_all(here());
    const auto fetched = fetch();
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().reason, "FILE_CHANGED");
    served_.clear();
  }
}

TEST_F(FetchTest, a_file_of_the_same_name_on_another_machine_is_not_taken_for_it) {
  local_ = true;  // by a socket that is forwarded
  leave("a", "0123456789");
  write(out() / "a", "9876543210");
  ASSERT_TRUE(fetch());
  EXPECT_EQ(there(), listed_);
}

TEST_F(FetchTest, a_link_in_the_daemons_folder_is_not_followed) {
  local_ = true;
  leave("a", "0123456789");
  fs::rename(out() / "a", folder_ / "elsewhere");
  fs::create_symlink("../elsewhere", out() / "a");
  ASSERT_TRUE(fetch());  // the daemon's own answer counts: here it still serves the file
  EXPECT_THAT(offsets_, ElementsAre(0));
}

TEST_F(FetchTest, a_folder_that_cannot_be_looked_into_is_no_hindrance) {
  local_ = true;
  leave("a", "0123456789");
  fs::remove_all(out());
  ASSERT_TRUE(fetch());
  EXPECT_EQ(there(), listed_);
}

TEST_F(FetchTest, a_daemon_cannot_write_outside_the_folder) {
  for (const std::string name : {"../a", "/a", "x/../../a", "x/./a"}) {
    listed_ = {{name, "evil"}};
    const auto fetched = fetch();
    ASSERT_FALSE(fetched) << name;
    EXPECT_EQ(fetched.error().reason, "BAD_FILE_NAME");
  }
}

TEST_F(FetchTest, a_link_in_the_place_of_a_part_is_not_followed) {
  leave("a", "0123456789");
  write(folder_ / "precious", "p");
  fs::create_directories(here());
  fs::create_symlink("../precious", here() / "a.part");
  EXPECT_FALSE(fetch());
  EXPECT_EQ(content_of(folder_ / "precious"), "p");
}

TEST_F(FetchTest, only_what_is_asked_for_comes) {
  for (const std::string name : {"a.png", "frames/1.png", "frames/2.exr", "log.txt", ".values/0.npy"}) leave(name, name);
  ASSERT_TRUE(fetch({"*.png", "log.txt"}));
  EXPECT_EQ(there().size(), 3U);
  const auto none = fetch({"*.jpg"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().reason, "NO_SUCH_FILES");
}

TEST_F(FetchTest, progress_ends_at_all_bytes) {
  leave("a", std::string(95, 'a'));
  leave("b", std::string(5, 'b'));
  write(here() / "b", std::string(5, 'b'));
  FetchProgress last;
  ASSERT_TRUE(client_.fetch("jobs/1", {.folder = here().string(), .on_progress = [&](const FetchProgress& at) { last = at; }}));
  EXPECT_EQ(last.bytes, 100);
  EXPECT_EQ(last.total_bytes, 100);
  EXPECT_EQ(last.files, 2U);
}

TEST(Matches, a_pattern_without_a_slash_is_for_every_folder_and_a_folder_for_all_in_it) {
  EXPECT_TRUE(matches("frames/1.png", {"*.png"}));
  EXPECT_TRUE(matches("frames/deep/1.png", {"frames"}));
  EXPECT_TRUE(matches("frames/deep/1.png", {"frames/"}));
  EXPECT_TRUE(matches("frames/1.png", {"frames/*.png"}));
  EXPECT_FALSE(matches("frames/deep/1.png", {"frames/*.png"}));
  EXPECT_FALSE(matches("other/frames.png", {"frames"}));
  EXPECT_FALSE(matches("a.png", {"b.png", "?"}));
  EXPECT_TRUE(matches("a.png", {"b.png", "?.png"}));
}

TEST(Matches, parts_of_values_and_data_blocks_are_asked_for_by_their_folder_only) {
  EXPECT_FALSE(matches(".values/0.npy", {}));
  EXPECT_FALSE(matches(".values/0.npy", {"*"}));
  EXPECT_FALSE(matches(".values/0.npy", {"*.npy"}));
  EXPECT_TRUE(matches(".values/0.npy", {".values"}));
  EXPECT_TRUE(matches(".hidden", {}));
}

TEST(ReadFile, a_broken_stream_brings_each_byte_once) {
  auto connection = std::make_shared<NiceMock<MockConnection>>();
  Client client(connection, hasty());
  const std::string content = "0123456789";
  std::vector<std::pair<std::int64_t, std::int64_t>> asked;
  ON_CALL(*connection, read_file).WillByDefault([&](const ReadFileRequest& request, const OnFileChunk& on_chunk, const auto&) -> Status {
    asked.emplace_back(request.offset, request.limit);
    on_chunk({.data = content.substr(static_cast<std::size_t>(request.offset), 2), .file = ResultFile{.name = "a"}});
    return gone();
  });
  std::string got;
  int named = 0;
  ASSERT_TRUE(client.read_file({.name = "jobs/1", .file = "a", .offset = 1, .limit = 6}, [&](const FileChunk& chunk) {
    got += chunk.data;
    named += chunk.file ? 1 : 0;
    return true;
  }));
  EXPECT_EQ(got, "123456");
  EXPECT_EQ(named, 1);
  EXPECT_THAT(asked, ElementsAre(std::pair{1, 6}, std::pair{3, 4}, std::pair{5, 2}));
}

TEST(WatchFiles, a_broken_watch_tells_of_each_file_once) {
  auto connection = std::make_shared<NiceMock<MockConnection>>();
  Client client(connection, hasty());
  int streams = 0;
  ON_CALL(*connection, watch_files).WillByDefault([&](const WatchFilesRequest&, const OnFile& on_file, const auto&) -> Status {
    ++streams;
    for (int i = 1; i <= 2 * streams; ++i) on_file({.attempt = "x", .file = {.name = std::to_string(i)}, .next_offset = 10 * i});
    return streams < 3 ? Status(gone()) : Status(Done{});
  });
  std::string names;
  ASSERT_TRUE(client.watch_files({.name = "jobs/1"}, [&](const FileEvent& event) {
    names += event.file.name;
    return true;
  }));
  EXPECT_EQ(names, "123456");
}

}  // namespace
}  // namespace offstage
