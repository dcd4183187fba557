// SPDX-License-Identifier: Apache-2.0
//
// Submits, repeats, changes, retries, deletions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::attempt_id;
using fakes::job_id;
using fakes::no_spares;
using fakes::Stage;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using namespace std::chrono_literals;

struct Requests : ::testing::Test {
  Stage stage{no_spares(1)};
  std::shared_ptr<std::string> reply = std::make_shared<std::string>("pending");

  void run_to_success() {
    stage.submit(Stage::a_job(1));
    stage.idle(11);
    stage.started(11);
    stage.succeeded(11);
  }
  Job as_stored(JobState state) {
    Job job;
    job.id = job_id(1);
    job.seq = 1;
    job.state = state;
    job.attempts = 1;
    return job;
  }
};

TEST_F(Requests, a_repeated_submit_writes_nothing_and_waits_for_the_first_ones_commit) {
  stage.submit(Stage::a_job(1));
  const std::size_t written = stage.store.batches.size();
  const auto again = stage.submit(Stage::a_job(1));
  EXPECT_EQ(stage.store.batches.size(), written);
  EXPECT_EQ(*again, "pending");
  stage.commit();
  EXPECT_EQ(*again, "");
  EXPECT_THAT(stage.made, SizeIs(1));
}

TEST_F(Requests, a_repeat_of_a_job_that_has_just_ended_finds_it) {
  run_to_success();
  const auto again = stage.submit(Stage::a_job(1));
  stage.commit();
  EXPECT_EQ(*again, "");
  EXPECT_EQ(stage.made.at(0).state, JobState::succeeded);
}

TEST_F(Requests, the_same_request_id_with_another_body_is_refused) {
  stage.submit(Stage::a_job(1));
  NewJob other = Stage::a_job(1);
  other.job.request_hash[0] = 1;
  EXPECT_EQ(*stage.submit(other), "REQUEST_ID_REUSED");
}

TEST_F(Requests, a_batch_is_all_or_nothing) {
  NewJob greedy = Stage::a_job(2);
  greedy.job.cpus = 99;
  EXPECT_EQ(*stage.submit({Stage::a_job(1), greedy}), "NOT_ENOUGH_SLOTS");
  EXPECT_EQ(stage.engine.scheduler().jobs().size(), 0U);
  EXPECT_THAT(stage.store.batches, SizeIs(0));
}

TEST_F(Requests, a_full_queue_refuses_new_jobs_but_not_repeats) {
  SchedulerOptions options = no_spares(1);
  options.queue_length = 1;
  Stage small(options);
  small.submit(Stage::a_job(1));
  EXPECT_EQ(*small.submit(Stage::a_job(2)), "QUEUE_FULL");
  EXPECT_EQ(*small.submit(Stage::a_job(1)), "pending");
}

TEST_F(Requests, held_jobs_wait_and_released_ones_run) {
  NewJob held = Stage::a_job(1);
  held.job.held = true;
  stage.submit(held);
  stage.idle(11);
  EXPECT_EQ(stage.state(1), JobState::held);
  stage.engine.update({job_id(1), {}, false, {}, {}}, stage.now, stage.note(reply));
  EXPECT_EQ(stage.state(1), JobState::running);
}

TEST_F(Requests, a_stale_etag_changes_nothing) {
  stage.submit(Stage::a_job(1));
  const Revision revision = stage.engine.scheduler().jobs().find(job_id(1))->revision;
  stage.engine.update({job_id(1), std::int16_t{7}, {}, {}, revision + 1}, stage.now, stage.note(reply));
  EXPECT_EQ(*reply, "ETAG_STALE");
  EXPECT_EQ(stage.engine.scheduler().jobs().find(job_id(1))->priority, 0);
  stage.engine.update({job_id(1), std::int16_t{7}, {}, {}, revision}, stage.now, stage.note(reply));
  EXPECT_EQ(stage.engine.scheduler().jobs().find(job_id(1))->priority, 7);
}

TEST_F(Requests, of_an_ended_job_only_labels_can_change) {
  run_to_success();
  stage.engine.update({job_id(1), std::int16_t{7}, {}, {}, {}}, stage.now, stage.note(reply));
  EXPECT_EQ(*reply, "JOB_NOT_FOUND");
  *reply = "pending";
  stage.engine.update({job_id(1), {}, {}, "{\"a\": \"b\"}", {}}, stage.now, stage.note(reply));
  stage.commit();
  EXPECT_EQ(*reply, "");
}

TEST_F(Requests, a_retry_allows_as_many_attempts_again_as_the_policy_had) {
  Job failed = as_stored(JobState::failed);
  failed.attempts = failed.max_attempts = 3;
  stage.engine.retry({failed, {"b", {}}, 3}, stage.now, stage.note(reply));
  stage.commit();
  EXPECT_EQ(*reply, "");
  EXPECT_EQ(stage.state(1), JobState::queued);
  EXPECT_EQ(stage.row(1)->max_attempts, 6);
}

TEST_F(Requests, what_succeeded_or_lives_is_not_retried) {
  stage.engine.retry({as_stored(JobState::succeeded), {"b", {}}, 1}, stage.now, stage.note(reply));
  EXPECT_EQ(*reply, "JOB_SUCCEEDED");
  stage.submit(Stage::a_job(1));
  stage.engine.retry({as_stored(JobState::failed), {"b", {}}, 1}, stage.now, stage.note(reply));
  EXPECT_EQ(*reply, "JOB_NOT_ENDED");
}

TEST_F(Requests, a_live_job_is_deleted_by_force_only_and_when_nothing_of_it_is_left) {
  stage.submit(Stage::a_job(1));
  stage.idle(11);
  stage.commit();
  stage.started(11);
  stage.engine.remove(job_id(1), {}, false, stage.now, stage.note(reply));
  EXPECT_EQ(*reply, "JOB_NOT_ENDED");
  *reply = "pending";
  stage.engine.remove(job_id(1), {attempt_id(9)}, true, stage.now, stage.note(reply));
  stage.commit();
  EXPECT_EQ(*reply, "pending");
  EXPECT_THAT(stage.pool.take(), ElementsAre("prepare 0b", "go 0b", "flag cancelled 0b", "terminate 0b"));
  stage.gone(11);
  EXPECT_EQ(*reply, "pending");
  stage.commit();
  EXPECT_EQ(*reply, "");
  EXPECT_THAT(stage.pool.take(), ElementsAre("forget 09", "forget 0b"));
}

TEST_F(Requests, a_job_that_is_about_to_be_deleted_is_not_retried) {
  stage.submit(Stage::a_job(1));
  stage.idle(11);
  stage.commit();
  stage.started(11);
  stage.failed(11, Reason::script_error);
  stage.commit();
  const auto deletion = std::make_shared<std::string>("pending");
  stage.engine.remove(job_id(1), {attempt_id(11)}, false, stage.now, stage.note(deletion));
  stage.engine.retry({as_stored(JobState::failed), {"b", {}}, 1}, stage.now, stage.note(reply));
  EXPECT_EQ(*reply, "JOB_NOT_FOUND") << "its deletion waits for its process only";
  stage.gone(11);
  stage.commit();
  EXPECT_EQ(*deletion, "");
}

TEST_F(Requests, a_deleted_job_is_not_deleted_twice_even_if_it_ended_before_a_restart) {
  stage.engine.remove(job_id(1), {}, false, stage.now, stage.note(reply));
  const auto second = std::make_shared<std::string>("pending");
  stage.engine.remove(job_id(1), {}, false, stage.now, stage.note(second));
  stage.commit();
  EXPECT_EQ(*reply, "");
  EXPECT_EQ(*second, "JOB_NOT_FOUND");
}

}  // namespace
}  // namespace offstage::core
