// SPDX-License-Identifier: Apache-2.0
//
// kill -9 in the middle of writing: what was acknowledged is there, and nothing half.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

namespace offstage::store {

namespace {

constexpr std::int64_t kBatch = 20;

/// Writes batches of new jobs without end, a few at a time, and tells each acknowledged revision through `out`.
[[noreturn]] void write_for_ever(const std::filesystem::path& folder, int out) {
  auto opened = Store::open(
      {.folder = folder},
      [out](core::Revision r) {
        if (::write(out, &r, sizeof r) != sizeof r) ::_exit(3);
      },
      [](const Error&) { ::_exit(4); });
  if (!opened) ::_exit(5);
  Store& store = **opened;
  for (std::int64_t next = store.reader().last_seq() + 1;;) {
    core::Batch batch;
    for (std::int64_t i = 0; i < kBatch; ++i, ++next) batch.changes.emplace_back(new_job(next));
    batch.revision = static_cast<core::Revision>(next - 1);
    store.committer().submit(std::move(batch));
    if (next % (8 * kBatch) < kBatch) store.committer().flush();
  }
}

}  // namespace

TEST(Crash, what_was_acknowledged_survives_kill_9_and_no_batch_is_there_by_half) {
  const TempFolder folder;
  const auto state = folder.path() / "state";
  core::Revision acknowledged = 0;
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      write_for_ever(state, ends[1]);
    }
    ::close(ends[1]);
    core::Revision revision = 0;
    for (int news = 0; news < 5 + 7 * round && ::read(ends[0], &revision, sizeof revision) == sizeof revision; ++news) acknowledged = revision;
    ::kill(child, SIGKILL);
    while (::read(ends[0], &revision, sizeof revision) == sizeof revision) acknowledged = revision;  // said before it died
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << WEXITSTATUS(status);

    auto opened = Store::open(
        {.folder = state}, [](core::Revision) {}, [](const Error& e) { ADD_FAILURE() << e.message; });
    ASSERT_TRUE(opened) << opened.error().message;
    const Reader& reader = (*opened)->reader();
    EXPECT_GT(acknowledged, 0U);
    EXPECT_GE(reader.last_revision(), acknowledged);
    const std::int64_t last = reader.last_seq();
    EXPECT_EQ(last % kBatch, 0);
    std::int64_t jobs = 0;
    reader.live_jobs([&](const core::StoredJob& stored) { EXPECT_EQ(stored.job.seq, ++jobs); });  // without a gap
    EXPECT_EQ(jobs, last);
    EXPECT_EQ(*reader.spec(job_id(last)), "spec " + std::to_string(last));
  }
}

}  // namespace offstage::store
