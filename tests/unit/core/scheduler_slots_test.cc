// SPDX-License-Identifier: Apache-2.0
//
// Who runs, and who waits for whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::job_id;
using fakes::no_spares;
using fakes::Stage;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

NewJob a_job(std::uint8_t n, std::int16_t priority, std::uint32_t cpus = 0) {
  NewJob job = Stage::a_job(n);
  job.job.priority = priority;
  job.job.cpus = cpus;
  return job;
}

TEST(SchedulerSlots, larger_priority_starts_first_then_order_of_submit) {
  Stage stage(no_spares(2));
  stage.submit(a_job(1, 0));
  stage.submit(a_job(2, 0));
  stage.submit(a_job(3, 5));
  stage.idle(11);
  stage.idle(12);
  EXPECT_EQ(stage.state(3), JobState::running);
  EXPECT_EQ(stage.state(1), JobState::running);
  EXPECT_EQ(stage.state(2), JobState::queued);
}

TEST(SchedulerSlots, one_slot_more_is_kept_for_interactive_jobs) {
  Stage stage(no_spares(1));
  for (std::uint8_t n = 1; n <= 2; ++n) stage.submit(a_job(n, 0));
  for (std::uint8_t n = 11; n <= 14; ++n) stage.idle(n);
  EXPECT_EQ(stage.state(2), JobState::queued);
  stage.submit(a_job(3, 100));
  stage.submit(a_job(4, 100));
  EXPECT_EQ(stage.state(3), JobState::running);
  EXPECT_EQ(stage.state(4), JobState::queued);
  EXPECT_EQ(stage.engine.scheduler().slots().used(), 2U);
}

TEST(SchedulerSlots, a_head_that_needs_more_slots_than_are_free_is_not_overtaken) {
  Stage stage(no_spares(2));
  for (std::uint8_t n = 11; n <= 13; ++n) {
    if (n == 11) stage.submit(a_job(1, 0));
    stage.idle(n);
  }
  stage.submit(a_job(2, 0, 2));
  stage.submit(a_job(3, 0));
  EXPECT_EQ(stage.state(2), JobState::queued);
  EXPECT_EQ(stage.state(3), JobState::queued);
  stage.succeeded(11);
  EXPECT_EQ(stage.state(2), JobState::running);
  EXPECT_EQ(stage.state(3), JobState::queued);
}

TEST(SchedulerSlots, a_job_that_waits_for_a_worker_keeps_its_slot) {
  Stage stage(no_spares(1));
  NewJob other = a_job(1, 1);
  other.kind.blender = "other";
  stage.submit(other);
  stage.submit(a_job(2, 0));
  stage.idle(11);  // of the second job's kind
  EXPECT_EQ(stage.state(2), JobState::queued);
}

TEST(SchedulerSlots, the_slot_goes_on_in_the_step_in_which_the_outcome_comes) {
  Stage stage(no_spares(1));
  stage.submit(a_job(1, 0));
  stage.submit(a_job(2, 0));
  stage.idle(11);
  stage.idle(12);
  stage.started(11);
  const std::size_t before = stage.store.batches.size();
  stage.succeeded(11);
  EXPECT_EQ(stage.store.batches.size(), before + 1);
  EXPECT_EQ(stage.state(1), JobState::succeeded);
  EXPECT_EQ(stage.state(2), JobState::running);
}

TEST(SchedulerSlots, more_cpus_than_there_are_slots_are_refused_and_fewer_slots_later_do_not_block_it) {
  Stage stage(no_spares(4));
  EXPECT_EQ(*stage.submit(a_job(1, 0, 5)), "NOT_ENOUGH_SLOTS");
  stage.submit(a_job(2, 0, 4));
  stage.engine.set_slots(2, stage.now);
  stage.idle(11);
  EXPECT_EQ(stage.state(2), JobState::running);
}

TEST(SchedulerSlots, jobs_that_wait_for_the_fork_proof_hold_nobody_back) {
  Stage stage(no_spares(1));
  NewJob fork = a_job(1, 50);
  fork.job.isolation = Isolation::fork;
  stage.submit(fork);
  stage.submit(a_job(2, 0));
  stage.idle(11);
  EXPECT_EQ(stage.state(1), JobState::queued);
  EXPECT_EQ(stage.state(2), JobState::running);
  stage.succeeded(11);
  stage.prove(ForkProof::proven);
  stage.idle(12, Isolation::fork);
  EXPECT_EQ(stage.state(1), JobState::running);
}

TEST(SchedulerSlots, draining_starts_nothing_and_takes_nothing) {
  Stage stage(no_spares(1));
  stage.submit(a_job(1, 0));
  stage.engine.set_draining(true, stage.now);
  stage.idle(11);
  EXPECT_EQ(stage.state(1), JobState::queued);
  EXPECT_EQ(*stage.submit(a_job(2, 0)), "DRAINING");
  stage.engine.set_draining(false, stage.now);
  EXPECT_EQ(stage.state(1), JobState::running);
}

}  // namespace
}  // namespace offstage::core
