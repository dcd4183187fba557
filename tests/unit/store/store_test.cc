// SPDX-License-Identifier: Apache-2.0
//
// Opening: whose folder it is, who else is there, what lies in it. Each refusal names the file or folder and says what to do.
#include "store/store.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "fixture.h"
#include "store/schema.h"

namespace offstage::store {

namespace fs = std::filesystem;

namespace {

Result<std::unique_ptr<Store>> open_at(const fs::path& folder, std::int64_t low_water = 0) {
  return Store::open(
      {.folder = folder, .low_water_bytes = low_water}, [](core::Revision) {}, [](const Error&) {});
}

void expect_refused(const fs::path& folder, const std::string& reason, const std::string& named) {
  const auto opened = open_at(folder);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, reason);
  EXPECT_NE(opened.error().message.find(named), std::string::npos) << opened.error().message;
  EXPECT_FALSE(opened.error().hint.empty());
}

void sql(const fs::path& database, const std::string& text) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(database.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

mode_t mode_of(const fs::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

/// Runs `body` in a child as a user who is not root; its result is the exit code.
int as_plain_user(const fs::path& give, const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && (::chown(give.c_str(), kNobody, kNobody) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(99);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

}  // namespace

class Opens : public StoreTest {
 protected:
  fs::path state() const { return folder.path() / "state"; }
  fs::path database() const { return state() / "state.sqlite3"; }
};

TEST_F(Opens, a_missing_folder_is_made_private_with_those_above_it) {
  const auto deep = folder.path() / "a" / "b" / "state";
  ASSERT_TRUE(open_at(deep));
  EXPECT_EQ(mode_of(deep), 0700U);
  EXPECT_EQ(mode_of(deep.parent_path()), 0700U);
  EXPECT_EQ(mode_of(database()), 0600U);
  EXPECT_EQ(mode_of(database().string() + "-wal"), 0600U);
}

TEST_F(Opens, the_state_id_stays_and_another_store_has_another) {
  const std::string id = store->state_id();
  EXPECT_EQ(id.size(), 32U);
  reopen();
  EXPECT_EQ(store->state_id(), id);
  EXPECT_NE((*open_at(folder.path() / "other"))->state_id(), id);
}

TEST_F(Opens, a_second_daemon_is_kept_out_and_told_the_pid_of_the_first) {
  expect_refused(state(), "ANOTHER_DAEMON", "(pid " + std::to_string(::getpid()) + ")");
  store.reset();
  EXPECT_TRUE(open_at(state()));
}

TEST_F(Opens, a_second_daemon_in_another_process_is_kept_out_too) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto opened = open_at(state());
    ::_exit(!opened && opened.error().reason == "ANOTHER_DAEMON" ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(Opens, a_folder_that_others_may_enter_is_refused_with_the_command_that_mends_it) {
  store.reset();
  fs::permissions(state(), fs::perms(0750));
  expect_refused(state(), "STATE_FOLDER_NOT_PRIVATE", "0750");
  EXPECT_EQ(open_at(state()).error().hint, "chmod 700 " + state().string());
}

TEST_F(Opens, a_folder_of_somebody_else_is_refused) {
  if (::geteuid() == 0) {
    const auto theirs = folder.path() / "theirs";
    fs::create_directory(theirs);
    fs::permissions(theirs, fs::perms(0700));
    ASSERT_EQ(::chown(theirs.c_str(), 12345, 12345), 0);
    expect_refused(theirs, "STATE_FOLDER_NOT_PRIVATE", "uid 12345");
  } else {
    expect_refused("/", "STATE_FOLDER_NOT_PRIVATE", "uid 0");
  }
}

TEST_F(Opens, a_file_where_the_folder_should_be_is_refused) {
  std::ofstream(folder.path() / "file") << "x";
  expect_refused(folder.path() / "file", "STATE_FOLDER_UNUSABLE", "file");
  expect_refused(folder.path() / "file" / "below", "STATE_FOLDER_UNUSABLE", "below");
}

TEST_F(Opens, a_folder_that_may_not_be_written_is_refused) {
  const auto locked = folder.path() / "locked";
  fs::create_directory(locked);
  fs::permissions(locked, fs::perms(0500));
  fs::permissions(folder.path(), fs::perms(0755));
  const int result = as_plain_user(locked, [&] {
    const auto opened = open_at(locked);
    return !opened && opened.error().reason == "STATE_FOLDER_UNUSABLE" && opened.error().message.find(locked.string()) != std::string::npos ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
}

TEST_F(Opens, a_database_that_may_not_be_written_is_refused) {
  store.reset();
  fs::permissions(folder.path(), fs::perms(0755));
  for (const auto& file : {state() / "lock", database()}) {
    if (::geteuid() == 0) {
      ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
    }
  }
  fs::permissions(database(), fs::perms(0400));
  const int result = as_plain_user(state(), [&] {
    const auto opened = open_at(state());
    return !opened && opened.error().reason == "DATABASE_UNUSABLE" && opened.error().message.find(database().string()) != std::string::npos ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
}

TEST_F(Opens, a_schema_from_the_future_is_refused_and_left_as_it_is) {
  store.reset();
  const auto future = std::to_string(migrations().size() + 1);
  sql(database(), "PRAGMA user_version = " + future);
  expect_refused(state(), "SCHEMA_TOO_NEW", "schema " + future);
  sql(database(), "PRAGMA user_version = " + std::to_string(migrations().size()));
  EXPECT_TRUE(open_at(state()));
}

TEST_F(Opens, a_database_of_another_program_is_refused) {
  const auto other = folder.path() / "other";
  fs::create_directory(other);
  fs::permissions(other, fs::perms(0700));
  sql(other / "state.sqlite3", "CREATE TABLE theirs (x)");
  expect_refused(other, "NOT_OUR_DATABASE", "state.sqlite3");
}

TEST_F(Opens, a_file_that_is_no_database_is_refused_and_left_as_it_is) {
  const auto other = folder.path() / "other";
  fs::create_directory(other);
  fs::permissions(other, fs::perms(0700));
  const std::string text(10'000, 'x');
  std::ofstream(other / "state.sqlite3") << text;
  expect_refused(other, "DATABASE_DAMAGED", (other / "state.sqlite3").string());
  std::ifstream file(other / "state.sqlite3");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(Opens, a_database_with_a_damaged_page_is_refused_at_the_start_after_a_failed_commit) {
  write_jobs(1, 2'000);
  store.reset();
  const auto size = fs::file_size(database());
  std::fstream file(database(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size / 2 / 4096 * 4096));
  file << std::string(4096, '\x7f');
  file.close();
  std::ofstream(state() / "suspect") << "";
  expect_refused(state(), "DATABASE_DAMAGED", database().string());
  expect_refused(state(), "DATABASE_DAMAGED", database().string());  // and stays so
  EXPECT_EQ(fs::file_size(database()), size);
}

TEST_F(Opens, reopening_sees_everything) {
  write_jobs(1, 1'000);
  write({update_of(5, 1'001, core::JobState::running), core::AttemptWrite{.id = attempt_id(1), .job = job_id(5), .job_seq = 5}}, 1'001);
  reopen();
  EXPECT_EQ(reader().last_revision(), 1'001U);
  EXPECT_EQ(reader().last_seq(), 1'000);
  EXPECT_EQ(reader().open_attempts().size(), 1U);
  EXPECT_EQ(seqs(reader().list({}, kNewest, 2'000, kAll).rows).size(), 1'000U);
}

TEST_F(Opens, the_disk_is_low_below_the_mark) {
  EXPECT_FALSE((*open_at(folder.path() / "a", 0))->disk_low());
  EXPECT_TRUE((*open_at(folder.path() / "b", std::numeric_limits<std::int64_t>::max()))->disk_low());
}

}  // namespace offstage::store
