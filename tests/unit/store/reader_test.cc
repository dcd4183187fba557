// SPDX-License-Identifier: Apache-2.0
//
// Reading: lists and their pages, filters, which must mean the same in SQL and in memory, and what a restart loads.
#include "store/reader.h"

#include <thread>

#include "fixture.h"

namespace offstage::store {

using core::JobState;

namespace {
constexpr std::uint16_t bit(JobState state) { return static_cast<std::uint16_t>(1U << static_cast<unsigned>(state)); }
}  // namespace

class Reads : public StoreTest {
 protected:
  /// Jobs 1…60 that differ in all that a filter can ask for.
  void write_variety() {
    std::vector<core::Change> changes;
    for (std::int64_t number = 1; number <= 60; ++number) {
      core::JobInsert insert = new_job(number, static_cast<JobState>(1 + number % 8));
      insert.job.id = job_id(number, static_cast<std::uint8_t>(number % 3 == 0 ? 0xab : 0x10));
      insert.job.priority = static_cast<std::int16_t>(number % 5 - 2);
      insert.display_name = number % 4 == 0 ? "four" : "o'ther";
      insert.labels_json = number % 2 == 0 ? R"({"shot.\"1\"":"010","even":"yes"})" : R"({"even":"no"})";
      changes.emplace_back(std::move(insert));
    }
    write(std::move(changes), 60);
  }

  std::vector<std::int64_t> all_pages(const Filter& filter, std::size_t limit) {
    std::vector<std::int64_t> all;
    std::optional<std::int64_t> before = kNewest;
    while (before) {
      const Page page = reader().list(filter, *before, limit, kAll);
      EXPECT_LE(page.rows.size(), limit);
      for (const std::int64_t seq : seqs(page.rows)) all.push_back(seq);
      before = page.next_before;
    }
    return all;
  }
};

TEST_F(Reads, a_list_is_newest_first_and_pages_join) {
  write_jobs(1, 25);
  std::vector<std::int64_t> expected;
  for (std::int64_t seq = 25; seq >= 1; --seq) expected.push_back(seq);
  for (const std::size_t limit : {1U, 5U, 7U, 25U, 100U}) EXPECT_EQ(all_pages({}, limit), expected) << limit;
  EXPECT_FALSE(reader().list({}, kNewest, 25, kAll).next_before);
  EXPECT_EQ(reader().list({}, kNewest, 24, kAll).next_before, 2);
}

TEST_F(Reads, each_filter_means_the_same_in_sql_and_in_memory) {
  write_variety();
  const auto everything = reader().list({}, kNewest, 100, kAll).rows;
  ASSERT_EQ(everything.size(), 60U);
  const std::vector<Filter> filters = {
      {},
      {.states = bit(JobState::running)},
      {.states = static_cast<std::uint16_t>(bit(JobState::held) | bit(JobState::failed) | bit(JobState::queued))},
      {.ids = {{job_id(0, 0xab), job_id(0, 0xac)}}},
      {.states = bit(JobState::running), .ids = {{job_id(0, 0xab), job_id(0, 0xac)}}},
      {.ids = {{job_id(3, 0xab), job_id(3, 0xab)}}},
      {.display_name = "o'ther"},
      {.display_name = "four", .min_priority = -1},
      {.min_priority = 0, .max_priority = 1},
      {.created_after = at(10), .created_before = at(20)},
      {.labels = {{"even", "yes"}}},
      {.labels = {{"even", "yes"}, {"shot.\"1\"", "010"}}},
      {.labels = {{"even", "yes"}, {"shot.\"1\"", "020"}}},
      {.states = bit(JobState::succeeded), .max_priority = 0, .created_after = at(5), .labels = {{"even", "no"}}},
  };
  for (std::size_t i = 0; i < filters.size(); ++i) {
    std::vector<std::int64_t> expected;
    for (const JobRow& row : everything) {
      if (filters[i].matches(row)) expected.push_back(row.job.seq);
    }
    EXPECT_EQ(all_pages(filters[i], 100), expected) << "filter " << i;
    EXPECT_EQ(all_pages(filters[i], 2), expected) << "filter " << i;
  }
  EXPECT_EQ(all_pages(filters[5], 2), std::vector<std::int64_t>{3});
  EXPECT_EQ(all_pages(filters[9], 100).size(), 9U);  // exclusive at both ends
}

TEST_F(Reads, a_page_ends_before_it_is_too_many_bytes_but_has_one_row_at_least) {
  std::vector<core::Change> changes;
  for (std::int64_t number = 1; number <= 5; ++number) {
    core::JobInsert insert = new_job(number);
    insert.spec = std::make_shared<const std::string>(100'000, 'x');
    changes.emplace_back(std::move(insert));
  }
  write(std::move(changes), 5);
  const Page two = reader().list({}, kNewest, 100, 250'000);
  EXPECT_EQ(seqs(two.rows), (std::vector<std::int64_t>{5, 4}));
  EXPECT_EQ(two.next_before, 4);
  const Page one = reader().list({}, *two.next_before, 100, 1);
  EXPECT_EQ(seqs(one.rows), std::vector<std::int64_t>{3});
}

TEST_F(Reads, jobs_come_in_the_order_asked_for_without_those_that_do_not_exist) {
  write_jobs(1, 5);
  const std::vector<JobId> ids = {job_id(4), job_id(99), job_id(2), job_id(4)};
  EXPECT_EQ(seqs(reader().jobs(ids)), (std::vector<std::int64_t>{4, 2, 4}));
  EXPECT_FALSE(reader().job(job_id(99)));
  EXPECT_EQ(reader().spec(job_id(99)), nullptr);
}

TEST_F(Reads, a_restart_loads_live_jobs_by_seq_and_counts_all) {
  write_variety();
  std::vector<std::int64_t> live;
  reader().live_jobs([&](const core::StoredJob& stored) {
    EXPECT_FALSE(ended(stored.job.state));
    EXPECT_EQ(stored.kind.blender, "3.4.1-blender");
    live.push_back(stored.job.seq);
  });
  std::vector<std::int64_t> expected;
  for (std::int64_t number = 1; number <= 60; ++number) {
    if (!ended(static_cast<JobState>(1 + number % 8))) expected.push_back(number);
  }
  EXPECT_EQ(live, expected);
  std::int64_t total = 0;
  for (const auto& [state, count] : reader().counts()) total += count;
  EXPECT_EQ(total, 60);
}

TEST_F(Reads, an_empty_store_has_nothing) {
  EXPECT_EQ(reader().last_revision(), 0U);
  EXPECT_EQ(reader().last_seq(), 0);
  EXPECT_TRUE(reader().counts().empty());
  EXPECT_TRUE(reader().open_attempts().empty());
  const Page page = reader().list({}, kNewest, 10, kAll);
  EXPECT_TRUE(page.rows.empty());
  EXPECT_FALSE(page.next_before);
  const ChangesPage changes = reader().changes({}, 0, 100, 10);
  EXPECT_EQ(changes.next, 0U);
  EXPECT_FALSE(changes.more);
}

TEST_F(Reads, many_readers_read_while_the_writer_writes) {
  write_jobs(1, 100);
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {  // more than the pool keeps
    threads.emplace_back([&] {
      while (!stop) {
        if (reader().list({}, 101, 200, kAll).rows.size() != 100) ++wrong;
        if (!reader().job(job_id(50))) ++wrong;
      }
    });
  }
  for (std::int64_t number = 101; number <= 400; ++number) write_jobs(number, number);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace offstage::store
