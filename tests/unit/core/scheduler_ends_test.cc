// SPDX-License-Identifier: Apache-2.0
//
// How attempts end: cancels, timeouts, retries, workers that die.
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
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using namespace std::chrono_literals;

struct Ends : ::testing::Test {
  Stage stage{no_spares(1)};

  void run(const NewJob& job) {
    stage.submit(job);
    stage.idle(11);
    stage.commit();
    stage.started(11);
    stage.commit();
    stage.pool.take();
  }
  void run() { run(Stage::a_job(1)); }
};

TEST_F(Ends, cancelled_is_told_when_nothing_is_left) {
  run();
  stage.cancel(1);
  stage.commit();
  EXPECT_EQ(stage.state(1), JobState::cancelling);
  stage.failed(11, Reason::crashed);
  EXPECT_EQ(stage.state(1), JobState::cancelling);
  EXPECT_EQ(stage.engine.scheduler().slots().used(), 0U) << "the slot is free at the outcome";
  stage.gone(11);
  EXPECT_EQ(stage.state(1), JobState::cancelled);
}

TEST_F(Ends, what_says_that_it_was_cut_short_is_believed_when_nothing_of_it_is_left) {
  run();
  stage.engine.apply(AttemptEnded{attempt_id(11), {AttemptState::cancelled, {}, {}, {}}, 1, ""}, stage.now);
  EXPECT_EQ(stage.state(1), JobState::running) << "a daemon before this one may have ordered it, and its process may be there";
  stage.tick_after(5s);
  EXPECT_THAT(stage.pool.take(), ElementsAre("kill 0b"));
  stage.gone(11);
  EXPECT_EQ(stage.state(1), JobState::cancelled);

  stage.submit(Stage::a_job(2));
  stage.idle(12);
  stage.commit();
  stage.started(12);
  stage.failed(12, Reason::timed_out);
  EXPECT_EQ(stage.state(2), JobState::running);
  stage.gone(12);
  EXPECT_EQ(stage.state(2), JobState::failed);
  EXPECT_EQ(stage.row(2)->failure.reason, Reason::timed_out);
}

TEST_F(Ends, a_cancel_escalates_flag_term_kill) {
  run();
  stage.cancel(1);
  stage.commit();
  EXPECT_THAT(stage.pool.take(), ElementsAre("flag cancelled 0b"));
  stage.tick_after(2s);
  EXPECT_THAT(stage.pool.take(), ElementsAre("terminate 0b"));
  stage.tick_after(999ms);
  EXPECT_THAT(stage.pool.take(), IsEmpty());
  stage.tick_after(1ms);
  EXPECT_THAT(stage.pool.take(), ElementsAre("kill 0b"));
  stage.cancel(1);
  stage.commit();
  stage.tick_after(1h);
  EXPECT_THAT(stage.pool.take(), IsEmpty());
}

TEST_F(Ends, a_success_that_was_first_stays_and_one_that_comes_after_the_cancel_does_not_count) {
  run();
  stage.succeeded(11);
  const auto reply = stage.cancel(1);
  EXPECT_EQ(*reply, "pending") << "told when the end that overtook it is durable";
  stage.commit();
  EXPECT_EQ(*reply, "");
  EXPECT_EQ(stage.state(1), JobState::succeeded);

  stage.submit(Stage::a_job(2));
  stage.idle(12);
  stage.commit();
  stage.started(12);
  stage.cancel(2);
  stage.succeeded(12);
  stage.gone(12);
  EXPECT_EQ(stage.state(2), JobState::cancelled);
}

TEST_F(Ends, waiting_jobs_are_cancelled_at_once) {
  stage.submit(Stage::a_job(1));
  stage.cancel(1);
  EXPECT_EQ(stage.state(1), JobState::cancelled);
}

TEST_F(Ends, the_run_timeout_ends_like_a_cancel_and_says_which_it_was) {
  NewJob job = Stage::a_job(1);
  job.job.timeouts.run = 30s;
  run(job);
  stage.tick_after(30s - 1us);
  EXPECT_THAT(stage.pool.take(), IsEmpty());
  stage.tick_after(1us);
  EXPECT_THAT(stage.pool.take(), ElementsAre("flag timed out 0b"));
  stage.tick_after(2s);
  EXPECT_THAT(stage.pool.take(), ElementsAre("terminate 0b"));
  stage.succeeded(11);
  EXPECT_EQ(stage.state(1), JobState::running);
  stage.gone(11);
  ASSERT_EQ(stage.state(1), JobState::failed);
  EXPECT_EQ(stage.row(1)->failure.message, "timed out: ran longer than 30 s (run timeout)");
  EXPECT_THAT(stage.row(1)->failure.fields, ElementsAre(Pair("timeout", "run")));
}

TEST_F(Ends, progress_puts_its_timeout_off) {
  NewJob job = Stage::a_job(1);
  job.job.timeouts.progress = 10s;
  run(job);
  stage.tick_after(9s);
  stage.engine.apply(AttemptProgressed{attempt_id(11)}, stage.now);
  stage.tick_after(9s);
  EXPECT_THAT(stage.pool.take(), IsEmpty());
  stage.tick_after(1s);
  EXPECT_THAT(stage.pool.take(), ElementsAre("flag timed out 0b"));
}

TEST_F(Ends, the_queue_timeout_fails_a_job_that_never_had_its_turn) {
  run();
  NewJob job = Stage::a_job(2);
  job.job.timeouts.queue = 1min;
  stage.submit(job);
  stage.tick_after(1min);
  EXPECT_EQ(stage.state(2), JobState::failed);
  EXPECT_THAT(stage.row(2)->failure.fields, ElementsAre(Pair("timeout", "queue")));
}

TEST_F(Ends, a_job_for_which_no_worker_comes_meets_the_start_timeout) {
  NewJob job = Stage::a_job(1);
  job.job.timeouts.start = 5s;
  stage.submit(job);
  stage.tick_after(5s);
  EXPECT_EQ(stage.state(1), JobState::failed);
  EXPECT_THAT(stage.row(1)->failure.fields, ElementsAre(Pair("timeout", "start")));
}

TEST_F(Ends, a_lost_script_is_not_retried_unless_asked) {
  NewJob job = Stage::a_job(1);
  job.job.max_attempts = 2;
  run(job);
  stage.failed(11, Reason::lost);
  EXPECT_EQ(stage.state(1), JobState::failed);
}

TEST_F(Ends, a_retry_waits_and_runs_within_max_attempts) {
  NewJob job = Stage::a_job(1);
  job.job.max_attempts = 2;
  job.job.retry_on = bit(Reason::crashed);
  run(job);
  stage.failed(11, Reason::crashed);
  EXPECT_EQ(stage.state(1), JobState::queued);
  stage.failed(11, Reason::crashed);  // said twice
  EXPECT_EQ(stage.state(1), JobState::queued);
  stage.idle(12);
  EXPECT_EQ(stage.state(1), JobState::queued) << "not before its backoff";
  stage.tick_after(1s);
  EXPECT_EQ(stage.state(1), JobState::running);
  EXPECT_EQ(stage.row(1)->attempts, 2);
  stage.started(12);
  stage.failed(12, Reason::crashed);
  EXPECT_EQ(stage.state(1), JobState::failed);
}

TEST_F(Ends, the_late_end_of_an_earlier_attempt_does_not_touch_the_next) {
  NewJob job = Stage::a_job(1);
  job.job.max_attempts = 2;
  job.job.retry_on = bit(Reason::crashed);
  run(job);
  stage.failed(11, Reason::crashed);
  stage.idle(12);
  stage.tick_after(1s);
  stage.started(12);
  stage.cancel(1);
  stage.gone(11);
  EXPECT_EQ(stage.state(1), JobState::cancelling);
  stage.gone(12);
  EXPECT_EQ(stage.state(1), JobState::cancelled);
}

TEST_F(Ends, a_worker_that_dies_before_the_first_line_costs_no_attempt_but_five_in_a_row_fail_the_job) {
  stage.submit(Stage::a_job(1));
  for (std::uint8_t n = 11; n <= 15; ++n) {
    EXPECT_EQ(stage.state(1), JobState::queued);
    stage.idle(n);
    EXPECT_EQ(stage.row(1)->attempts, 1);
    stage.engine.apply(WorkerGone{attempt_id(n)}, stage.now);
    EXPECT_EQ(stage.row(1)->attempts, 0);
  }
  EXPECT_EQ(stage.state(1), JobState::failed);
  EXPECT_EQ(stage.row(1)->failure.reason, Reason::blender_unavailable);
}

TEST_F(Ends, gone_without_an_outcome_is_lost) {
  run();
  stage.gone(11);
  EXPECT_EQ(stage.state(1), JobState::failed);
  EXPECT_EQ(stage.row(1)->failure.reason, Reason::lost);
}

TEST_F(Ends, a_worker_that_told_its_outcome_and_does_not_end_is_killed) {
  run();
  stage.succeeded(11);
  stage.tick_after(5s);
  EXPECT_THAT(stage.pool.take(), ElementsAre("kill 0b"));
}

TEST_F(Ends, news_of_attempts_that_are_over_or_unknown_changes_nothing) {
  run();
  stage.succeeded(11);
  stage.gone(11);
  const std::size_t written = stage.store.batches.size();
  stage.started(11);
  stage.failed(11, Reason::crashed);
  stage.gone(11);
  stage.engine.apply(WorkerGone{attempt_id(99)}, stage.now);
  EXPECT_EQ(stage.store.batches.size(), written);
  EXPECT_EQ(stage.state(1), JobState::succeeded);
}

}  // namespace
}  // namespace offstage::core
