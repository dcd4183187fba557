// SPDX-License-Identifier: Apache-2.0
//
// Group commit: order, atomicity, what is acknowledged and when, and what a failing disk does.
#include "store/committer.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <thread>

#include "fixture.h"

namespace offstage::store {

using core::JobState;

class Commits : public StoreTest {};

TEST_F(Commits, batches_of_one_and_of_a_thousand_are_read_back) {
  write_jobs(1, 1);
  write_jobs(2, 1001);
  EXPECT_EQ(durable, 1001U);
  EXPECT_EQ(reader().last_seq(), 1001);
  EXPECT_EQ(reader().last_revision(), 1001U);
  EXPECT_EQ(reader().counts(), (std::vector<std::pair<JobState, std::int64_t>>{{JobState::queued, 1001}}));
}

TEST_F(Commits, batches_are_applied_in_the_order_of_submit) {
  core::Revision revision = 1;
  store->committer().submit({.changes = {new_job(1)}, .revision = revision});
  for (int i = 0; i < 500; ++i) {
    ++revision;
    store->committer().submit(
        {.changes = {update_of(1, revision, i % 2 == 0 ? JobState::running : JobState::queued)}, .revision = revision, .lazy = i % 3 == 0});
  }
  store->committer().flush();
  EXPECT_EQ(reader().job(job_id(1))->job.revision, revision);
  EXPECT_EQ(reader().job(job_id(1))->job.state, JobState::queued);
  EXPECT_EQ(durable, revision);
}

TEST(Committer, a_revision_is_announced_only_when_a_reader_sees_it_and_never_goes_back) {
  const TempFolder folder;
  std::unique_ptr<Store> store;
  core::Revision last = 0;
  int early = 0, back = 0;
  auto opened = Store::open(
      {.folder = folder.path() / "state"},
      [&](core::Revision r) {
        if (store->reader().last_revision() < r) ++early;
        if (r <= last) ++back;
        last = r;
      },
      [](const Error& e) { ADD_FAILURE() << e.message; });
  ASSERT_TRUE(opened);
  store = std::move(*opened);
  for (int number = 1; number <= 300; ++number) store->committer().submit({.changes = {new_job(number)}, .revision = static_cast<core::Revision>(number)});
  store->committer().flush();
  EXPECT_EQ(last, 300U);
  EXPECT_EQ(early, 0);
  EXPECT_EQ(back, 0);
}

TEST_F(Commits, a_reader_never_sees_half_a_batch) {
  write_jobs(1, 50);
  std::atomic<bool> stop = false;
  int halves = 0, reads = 0;
  std::thread reads_while_writing([&] {
    while (!stop) {
      ++reads;
      if (reader().counts().size() != 1) ++halves;  // all jobs are in one state after each batch
    }
  });
  core::Revision revision = 50;
  for (int round = 0; round < 100; ++round) {
    std::vector<core::Change> changes;
    for (int number = 1; number <= 50; ++number) changes.emplace_back(update_of(number, ++revision, round % 2 == 0 ? JobState::running : JobState::queued));
    write(std::move(changes), revision);
  }
  stop = true;
  reads_while_writing.join();
  EXPECT_EQ(halves, 0);
  EXPECT_GT(reads, 0);
}

TEST_F(Commits, a_lazy_batch_becomes_durable_by_itself) {
  store->committer().submit({.changes = {new_job(1)}, .revision = 1, .lazy = true});
  for (int i = 0; i < 3000 && durable == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(durable, 1U);
}

TEST_F(Commits, a_batch_that_somebody_waits_for_takes_the_lazy_ones_before_it_along) {
  store->committer().submit({.changes = {new_job(1)}, .revision = 1, .lazy = true});
  write({update_of(1, 2, JobState::running)}, 2);
  EXPECT_EQ(reader().job(job_id(1))->job.state, JobState::running);
}

TEST_F(Commits, what_is_queued_is_committed_at_close) {
  for (int number = 1; number <= 100; ++number) {
    store->committer().submit({.changes = {new_job(number)}, .revision = static_cast<core::Revision>(number), .lazy = true});
  }
  reopen();
  EXPECT_EQ(reader().last_seq(), 100);
}

TEST_F(Commits, a_queue_that_is_too_long_says_so_until_it_is_written) {
  EXPECT_FALSE(store->committer().full());
  core::Batch batch{.revision = 100'001, .lazy = true};
  for (int number = 1; number <= 100'001; ++number) batch.changes.emplace_back(core::AttemptDelete{attempt_id(1)});
  store->committer().submit(std::move(batch));
  EXPECT_TRUE(store->committer().full());
  store->committer().flush();
  EXPECT_FALSE(store->committer().full());
}

// The limit on the size of files stands for a full disk: SQLite sees a short write. In a child, since the limit is of the process.
TEST(Committer, a_commit_that_fails_is_reported_once_is_not_retried_and_loses_nothing_acknowledged) {
  const TempFolder folder;
  const auto state = folder.path() / "state";
  const pid_t child = ::fork();
  if (child == 0) {
    static std::atomic<core::Revision> durable = 0;
    static std::atomic<int> failures = 0;
    auto opened = Store::open(
        {.folder = state}, [](core::Revision r) { durable = r; }, [](const Error& e) { failures += e.hint.empty() ? 100 : 1; });
    if (!opened) ::_exit(10);
    auto& committer = (*opened)->committer();
    committer.submit({.changes = {new_job(1)}, .revision = 1});
    committer.flush();
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{512 << 10, 512 << 10};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    core::JobInsert large = new_job(2);
    large.spec = std::make_shared<const std::string>(1 << 20, 'x');
    committer.submit({.changes = {new_job(3), large}, .revision = 3});
    committer.flush();
    committer.submit({.changes = {new_job(4)}, .revision = 4});  // would fit
    committer.flush();
    if (failures != 1) ::_exit(11);
    if (durable != 1) ::_exit(12);
    if (!committer.full()) ::_exit(13);
    opened->reset();
    ::_exit(failures == 1 ? 0 : 14);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  ASSERT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(std::filesystem::exists(state / "suspect"));  // the next open looks at every page

  auto again = Store::open(
      {.folder = state}, [](core::Revision) {}, [](const Error&) {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(seqs((*again)->reader().list({}, kNewest, 10, kAll).rows), std::vector<std::int64_t>{1});
  EXPECT_FALSE(std::filesystem::exists(state / "suspect"));
}

}  // namespace offstage::store
