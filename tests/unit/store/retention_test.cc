// SPDX-License-Identifier: Apache-2.0
//
// What retention reads: ended jobs by their end, and the size of all folders, which must be right whoever deletes.
#include "fixture.h"
#include "store/connection.h"
#include "store/database.h"
#include "store/schema.h"

namespace offstage::store {

using core::AttemptState;
using core::JobState;

struct Ended : StoreTest {
  void end(std::int64_t number, std::int64_t second, JobState state = JobState::succeeded) {
    auto update = update_of(number, static_cast<core::Revision>(1000 + number), state);
    update.end_time = at(second);
    write({new_job(number), update,
           core::AttemptWrite{.id = attempt_id(static_cast<std::uint8_t>(number)), .job = job_id(number), .job_seq = number, .state = AttemptState::succeeded}},
          update.revision);
  }
  std::vector<std::int64_t> ended(std::size_t limit, const EndedJob* after = nullptr) {
    std::vector<std::int64_t> out;
    for (const EndedJob& job : reader().ended_jobs(limit, after)) out.push_back(job.seq);
    return out;
  }
};

TEST_F(Ended, jobs_come_by_their_end_and_page_by_page_and_live_ones_not_at_all) {
  end(1, 30);
  end(2, 10);
  end(3, 20);
  end(4, 20);
  write({new_job(5)}, 2000);
  EXPECT_EQ(ended(10), (std::vector<std::int64_t>{2, 3, 4, 1}));
  const auto first = reader().ended_jobs(2);
  EXPECT_EQ(ended(10, &first.back()), (std::vector<std::int64_t>{4, 1}));
}

TEST_F(Ended, a_job_that_is_queued_again_is_not_among_them) {
  end(1, 10, JobState::failed);
  write({update_of(1, 2000, JobState::queued)}, 2000);
  EXPECT_TRUE(ended(10).empty());
}

TEST_F(Ended, sizes_are_added_up_and_go_with_their_attempts) {
  end(1, 10);
  end(2, 20);
  write({core::FolderSize{attempt_id(1), 100}, core::FolderSize{attempt_id(2), 1000}}, 0);
  EXPECT_EQ(reader().folder_bytes(), 1100);
  EXPECT_EQ(reader().ended_jobs(1).at(0).bytes, 100);
  write({core::FolderSize{attempt_id(1), 300}}, 0);  // measured again
  EXPECT_EQ(reader().folder_bytes(), 1300);
  reopen();
  EXPECT_EQ(reader().folder_bytes(), 1300);
  write({core::JobDelete{job_id(2), 3000, at(3000)}}, 3000);
  EXPECT_EQ(reader().folder_bytes(), 300);
  write({core::AttemptDelete{attempt_id(1)}}, 3001);
  EXPECT_EQ(reader().folder_bytes(), 0);
}

TEST_F(Ended, what_was_not_measured_is_found_page_by_page_and_running_attempts_not) {
  for (std::int64_t number = 1; number <= 3; ++number) end(number, number);
  write({new_job(4), core::AttemptWrite{.id = attempt_id(4), .job = job_id(4), .job_seq = 4, .state = AttemptState::running}}, 4000);
  write({core::FolderSize{attempt_id(2), 0}}, 0);
  const auto first = reader().unmeasured(0, 1);
  EXPECT_EQ(first.attempts, std::vector{attempt_id(1)});
  ASSERT_NE(first.next, 0);
  const auto second = reader().unmeasured(first.next, 10);
  EXPECT_EQ(second.attempts, std::vector{attempt_id(3)});
  EXPECT_EQ(second.next, 0);
  EXPECT_FALSE(reader().ended_jobs(1).at(0).measured);
}

/// Each schema that ever landed, as it was: the migrations are applied up to it and rows written by its own columns.
TEST(Migrations, a_database_of_the_first_schema_keeps_its_jobs_and_gets_what_is_new) {
  const TempFolder folder;
  const auto state = folder.path() / "state";
  std::filesystem::create_directory(state);
  std::filesystem::permissions(state, std::filesystem::perms::owner_all);
  {
    Connection first(database_in(state), Connection::Mode::read_write);
    first.execute("PRAGMA journal_mode = WAL");
    first.execute(migrations()[0]);
    first.execute("PRAGMA application_id = 1332110963; PRAGMA user_version = 1");
    first.execute(
        "INSERT INTO jobs VALUES (1, x'00000000000000000100000000000000', 7, 6, 3, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 5, 6, 9000000, "
        "zeroblob(16), 'b', '[]', 'name', '{}', -1, '', NULL, '', '42');"
        "INSERT INTO specs VALUES (1, 'spec');"
        "INSERT INTO attempts VALUES (x'00000000000000000000000000000001', 1, 1, 3, 3, 10, 11, 5, 6, 9000000, 0, 0, 1, 1, 1, '', NULL)");
  }
  auto opened = Store::open(
      {.folder = state}, [](core::Revision) {}, [](const Error& e) { FAIL() << e.message; });
  ASSERT_TRUE(opened) << opened.error().message;
  const Reader& reader = (*opened)->reader();
  const auto row = reader.job(job_id(1));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->value_json, "42");
  EXPECT_EQ(row->spec, "spec");
  EXPECT_EQ(reader.ended_jobs(10).at(0).end_time, at(9));
  EXPECT_EQ(reader.folder_bytes(), 0);
  EXPECT_EQ(reader.unmeasured(0, 10).attempts, std::vector{attempt_id(1)});
}

}  // namespace offstage::store
