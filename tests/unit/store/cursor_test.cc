// SPDX-License-Identifier: Apache-2.0
//
// Watching by cursor: nothing is missed, nothing comes twice, whatever is written meanwhile.
#include <map>
#include <random>
#include <set>
#include <thread>

#include "fixture.h"

namespace offstage::store {

using core::JobState;

class Cursor : public StoreTest {};

TEST_F(Cursor, rows_and_tombstones_come_in_the_order_of_their_revisions) {
  write_jobs(1, 4);
  write({update_of(2, 5, JobState::running), core::JobDelete{job_id(3), 6, at(1)}, update_of(1, 7, JobState::running)}, 7);
  const ChangesPage first = reader().changes({}, 0, 7, 2);  // 4, 5
  EXPECT_EQ(seqs(first.rows), (std::vector<std::int64_t>{4, 2}));
  EXPECT_TRUE(first.deleted.empty());
  EXPECT_EQ(first.next, 5U);
  EXPECT_TRUE(first.more);
  const ChangesPage second = reader().changes({}, first.next, 7, 2);  // 6, 7
  EXPECT_EQ(seqs(second.rows), std::vector<std::int64_t>{1});
  ASSERT_EQ(second.deleted.size(), 1U);
  EXPECT_EQ(second.deleted[0].id, job_id(3));
  EXPECT_EQ(second.next, 7U);
  EXPECT_FALSE(second.more);
}

TEST_F(Cursor, what_is_beyond_the_bound_waits) {
  write_jobs(1, 10);
  const ChangesPage page = reader().changes({}, 2, 5, 100);
  EXPECT_EQ(seqs(page.rows), (std::vector<std::int64_t>{3, 4, 5}));
  EXPECT_EQ(page.next, 5U);
  EXPECT_FALSE(page.more);
}

TEST_F(Cursor, a_bound_beyond_what_is_written_does_not_carry_the_cursor_along) {
  write_jobs(1, 3);
  EXPECT_EQ(reader().changes({}, 0, std::numeric_limits<core::Revision>::max(), 100).next, 3U);
  EXPECT_EQ(reader().changes({}, 3, 50, 100).next, 3U);
}

TEST_F(Cursor, a_row_that_left_the_filter_is_told_as_deleted) {
  write_jobs(1, 3);
  write({update_of(2, 4, JobState::running)}, 4);
  const Filter queued{.states = 1U << static_cast<unsigned>(JobState::queued)};
  const ChangesPage page = reader().changes(queued, 3, 4, 10);
  EXPECT_TRUE(page.rows.empty());
  ASSERT_EQ(page.deleted.size(), 1U);
  EXPECT_EQ(page.deleted[0].id, job_id(2));
  EXPECT_EQ(page.deleted[0].revision, 4U);
}

TEST_F(Cursor, a_page_of_long_results_ends_early) {
  std::vector<core::Change> changes;
  for (std::int64_t number = 1; number <= 4; ++number) {
    core::JobInsert insert = new_job(number);
    insert.spec = std::make_shared<const std::string>(4 << 20, 'x');
    changes.emplace_back(std::move(insert));
  }
  write(std::move(changes), 4);
  const ChangesPage page = reader().changes({}, 0, 4, 1'000);
  EXPECT_LT(page.rows.size(), 4U);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(reader().changes({}, page.next, 4, 1'000).next, 4U);
}

// A watcher that walks while jobs are made, changed and deleted must end with exactly what the store has.
TEST_F(Cursor, a_walk_during_writes_ends_with_the_true_state) {
  constexpr std::int64_t kJobs = 200;
  std::map<JobId, core::Revision> seen;
  std::set<core::Revision> revisions;
  int repeated = 0, backwards = 0;
  std::atomic<bool> stop = false;
  std::thread watcher([&] {
    core::Revision cursor = 0;
    for (bool last = false; !last;) {
      last = stop;
      const core::Revision up_to = durable;
      bool more = true;
      while (more) {
        const ChangesPage page = reader().changes({}, cursor, up_to, 7);
        if (page.next < cursor) ++backwards;
        for (const JobRow& row : page.rows) {
          if (!revisions.insert(row.job.revision).second) ++repeated;
          seen[row.job.id] = row.job.revision;
        }
        for (const Tombstone& tombstone : page.deleted) {
          if (!revisions.insert(tombstone.revision).second) ++repeated;
          seen.erase(tombstone.id);
        }
        cursor = page.next;
        more = page.more;
      }
    }
  });

  std::mt19937 random(20260101);
  std::map<JobId, core::Revision> truth;
  core::Revision revision = 0;
  std::int64_t made = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<core::Change> changes;
    for (int i = 0; i < 5; ++i) {
      const std::int64_t number = made == 0 ? 0 : static_cast<std::int64_t>(random() % static_cast<unsigned>(made)) + 1;
      ++revision;
      if (number == 0 || (made < kJobs && random() % 3 == 0)) {
        core::JobInsert insert = new_job(++made);
        insert.job.revision = revision;
        truth[insert.job.id] = revision;
        changes.emplace_back(std::move(insert));
      } else if (!truth.contains(job_id(number))) {
        --revision;
      } else if (random() % 10 == 0) {
        truth.erase(job_id(number));
        changes.emplace_back(core::JobDelete{job_id(number), revision, at(1)});
      } else {
        truth[job_id(number)] = revision;
        changes.emplace_back(update_of(number, revision, static_cast<JobState>(1 + random() % 5)));
      }
    }
    store->committer().submit({.changes = std::move(changes), .revision = revision, .lazy = round % 50 == 0});
  }
  store->committer().flush();
  stop = true;
  watcher.join();
  EXPECT_EQ(seen, truth);
  EXPECT_EQ(repeated, 0);
  EXPECT_EQ(backwards, 0);
}

}  // namespace offstage::store
