// SPDX-License-Identifier: Apache-2.0
#include "app/state_log.h"

#include <gtest/gtest.h>

namespace offstage::app {
namespace {

core::JobInsert insert() {
  core::JobInsert row;
  row.job.id = JobId::random();
  row.job.state = core::JobState::queued;
  row.kind.blender = "4.5.15-blender";
  return row;
}

TEST(StateLog, each_change_is_a_line_with_ids_and_state) {
  const core::JobInsert created = insert();
  core::AttemptWrite attempt;
  attempt.id = AttemptId::random();
  attempt.job = created.job.id;
  attempt.state = core::AttemptState::running;
  attempt.process.pid = 4711;
  core::JobUpdate failed;
  failed.id = created.job.id;
  failed.state = core::JobState::failed;
  failed.failure.message = "ValueError: no good";
  const auto lines = state_lines({.changes = {created, attempt, failed}});
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "job " + created.job.id.hex() + " QUEUED on 4.5.15-blender");
  EXPECT_EQ(lines[1], "attempt " + attempt.id.hex() + " of job " + created.job.id.hex() + " RUNNING pid 4711");
  EXPECT_EQ(lines[2], "job " + created.job.id.hex() + " FAILED: ValueError: no good");
}

TEST(StateLog, text_of_scripts_stays_on_its_line_and_cannot_escape) {
  core::JobUpdate failed;
  failed.state = core::JobState::failed;
  failed.failure.message = "a\nb\x1b[31m" + std::string(10'000, 'x');
  const auto lines = state_lines({.changes = {failed}});
  EXPECT_EQ(lines.at(0).find_first_of("\n\x1b"), std::string::npos);
  EXPECT_LT(lines.at(0).size(), 1000U);
}

TEST(StateLog, a_large_batch_of_new_jobs_is_summed_up) {
  core::Batch batch;
  for (int i = 0; i < 1000; ++i) batch.changes.emplace_back(insert());
  const auto lines = state_lines(batch);
  ASSERT_EQ(lines.size(), 11U);
  EXPECT_EQ(lines.back(), "and 990 more new jobs");
}

struct Recorder : core::CommitPort {
  void submit(core::Batch batch) override { batches.push_back(std::move(batch)); }
  bool full() const override { return is_full; }
  std::vector<core::Batch> batches;
  bool is_full = false;
};

TEST(StateLog, the_committer_gets_every_batch_and_says_when_it_is_full) {
  Recorder next;
  StateLog log(next);
  log.submit({.changes = {insert()}, .revision = 7});
  ASSERT_EQ(next.batches.size(), 1U);
  EXPECT_EQ(next.batches[0].revision, 7U);
  EXPECT_EQ(next.batches[0].changes.size(), 1U);
  next.is_full = true;
  EXPECT_TRUE(log.full());
}

}  // namespace
}  // namespace offstage::app
