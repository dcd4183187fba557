// SPDX-License-Identifier: Apache-2.0
//
// What was durable goes on after a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::attempt_id;
using fakes::job_id;
using fakes::no_spares;
using fakes::Stage;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

struct Restart : ::testing::Test {
  Stage stage{no_spares(1)};

  void load(std::uint8_t n, JobState state, Timeouts timeouts = {}) {
    Job job;
    job.id = job_id(n);
    job.seq = n;
    job.revision = n;
    job.state = state;
    job.isolation = Isolation::process;
    job.attempts = state == JobState::running || state == JobState::cancelling ? 1 : 0;
    job.timeouts = timeouts;
    job.create_time = stage.now.wall - 1min;
    stage.engine.load({job, {"b", {}}});
  }
  void adopt(std::uint8_t attempt, std::uint8_t job, AttemptState state) {
    OpenAttempt open{attempt_id(attempt), job_id(job), 1, state, Isolation::process, {1, 1}, stage.now.wall - 1min, stage.now.wall - 20s};
    stage.engine.adopt(open, stage.now);
  }
  void SetUp() override { stage.engine.restore(10, 10); }
};

TEST_F(Restart, an_adopted_attempt_goes_on_and_keeps_its_slot) {
  load(1, JobState::running);
  load(2, JobState::queued);
  adopt(11, 1, AttemptState::running);
  stage.engine.tick(stage.now);
  stage.idle(12);
  EXPECT_EQ(stage.engine.scheduler().jobs().find(job_id(1))->state, JobState::running);
  EXPECT_EQ(stage.engine.scheduler().jobs().find(job_id(2))->state, JobState::queued);
  stage.succeeded(11);
  EXPECT_EQ(stage.state(1), JobState::succeeded);
  EXPECT_EQ(stage.state(2), JobState::running);
}

TEST_F(Restart, a_running_job_without_an_attempt_is_queued_again_at_once) {
  load(1, JobState::running);
  ASSERT_TRUE(stage.engine.next_deadline());
  EXPECT_LE(*stage.engine.next_deadline(), stage.now.mono);
  stage.engine.tick(stage.now);
  EXPECT_EQ(stage.state(1), JobState::queued);
}

TEST_F(Restart, the_run_timeout_counts_from_the_first_line_not_from_the_restart) {
  Timeouts timeouts;
  timeouts.run = 30s;
  load(1, JobState::running, timeouts);
  adopt(11, 1, AttemptState::running);
  stage.engine.tick(stage.now);
  EXPECT_THAT(stage.pool.take(), IsEmpty());
  stage.tick_after(10s);
  EXPECT_THAT(stage.pool.take(), ElementsAre("flag timed out 0b"));
}

TEST_F(Restart, the_queue_timeout_counts_from_the_submit) {
  Timeouts timeouts;
  timeouts.queue = 90s;
  load(1, JobState::queued, timeouts);
  stage.engine.tick(stage.now);
  EXPECT_EQ(stage.engine.scheduler().jobs().size(), 1U);
  stage.tick_after(30s);
  EXPECT_EQ(stage.state(1), JobState::failed);
}

TEST_F(Restart, a_cancel_begins_again_with_the_flag) {
  load(1, JobState::cancelling);
  adopt(11, 1, AttemptState::running);
  stage.engine.tick(stage.now);
  EXPECT_THAT(stage.pool.take(), ElementsAre("flag cancelled 0b"));
  stage.gone(11);
  EXPECT_EQ(stage.state(1), JobState::cancelled);
}

TEST_F(Restart, a_forced_delete_is_carried_out) {
  Job job;
  job.id = job_id(1);
  job.seq = 1;
  job.state = JobState::cancelling;
  job.delete_when_over = true;
  stage.engine.load({job, {"b", {}}});
  adopt(11, 1, AttemptState::running);
  stage.engine.tick(stage.now);
  stage.gone(11);
  ASSERT_FALSE(stage.store.batches.empty());
  EXPECT_TRUE(std::holds_alternative<JobDelete>(stage.store.batches.back().changes.back()));
}

TEST_F(Restart, revisions_and_numbers_go_on_where_they_were) {
  stage.submit(Stage::a_job(1));
  const Job* job = stage.engine.scheduler().jobs().find(job_id(1));
  EXPECT_EQ(job->revision, 11U);
  EXPECT_EQ(job->seq, 11);
}

TEST_F(Restart, an_attempt_that_nobody_needs_is_killed) {
  adopt(11, 1, AttemptState::running);
  stage.engine.tick(stage.now);
  EXPECT_THAT(stage.pool.take(), ElementsAre("kill 0b"));
}

}  // namespace
}  // namespace offstage::core
