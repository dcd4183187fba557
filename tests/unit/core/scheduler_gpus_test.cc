// SPDX-License-Identifier: Apache-2.0
//
// Who has which GPU, and until when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::attempt_id;
using fakes::job_id;
using fakes::no_spares;
using fakes::Stage;

SchedulerOptions with_gpus(Gpus gpus, unsigned slots = 8) {
  SchedulerOptions options = no_spares(slots);
  options.gpus = std::move(gpus);
  return options;
}

/// One kind, one number of them.
NewJob a_job(std::uint8_t n, std::uint8_t gpus, std::int16_t priority = 0) {
  NewJob job = Stage::a_job(n);
  job.job.gpus = gpus;
  job.job.priority = priority;
  if (gpus > 0) job.kind.load = "gpus " + std::to_string(gpus);
  return job;
}

void idle(Stage& stage, std::uint8_t n, std::uint8_t gpus) {
  const KindId kind = stage.engine.scheduler().kinds().find({.blender = "b", .load = gpus > 0 ? "gpus " + std::to_string(gpus) : ""});
  stage.engine.apply(WorkerIdle{attempt_id(n), kind, Isolation::process, {n, n}}, stage.now);
}

Gpus of(const Stage& stage, std::uint8_t n) {
  const auto found = stage.engine.scheduler().attempts().find(attempt_id(n));
  return found == stage.engine.scheduler().attempts().end() ? Gpus{"no attempt"} : found->second.gpus;
}

TEST(SchedulerGpus, each_attempt_has_its_own_and_its_row_says_which) {
  Stage stage(with_gpus({"0", "1", "2"}));
  stage.submit(a_job(1, 1));
  stage.submit(a_job(2, 2));
  idle(stage, 11, 1);
  idle(stage, 12, 2);
  EXPECT_EQ(of(stage, 11), Gpus{"0"});
  EXPECT_EQ(of(stage, 12), (Gpus{"1", "2"}));
  Gpus written;
  for (const auto& batch : stage.store.batches) {
    for (const auto& change : batch.changes) {
      if (const auto* row = std::get_if<AttemptWrite>(&change); row && row->id == attempt_id(12)) written = row->gpus;
    }
  }
  EXPECT_EQ(written, (Gpus{"1", "2"}));
}

TEST(SchedulerGpus, they_go_on_when_nothing_of_the_processes_is_left_and_not_before) {
  Stage stage(with_gpus({"0"}));
  stage.submit(a_job(1, 1));
  stage.submit(a_job(2, 1));
  idle(stage, 11, 1);
  idle(stage, 12, 1);
  stage.started(11);
  stage.succeeded(11);
  EXPECT_EQ(stage.state(1), JobState::succeeded);
  EXPECT_EQ(stage.state(2), JobState::queued) << "the process of the first may still have it";
  stage.gone(11);
  EXPECT_EQ(stage.state(2), JobState::running);
  EXPECT_EQ(of(stage, 12), Gpus{"0"});
}

TEST(SchedulerGpus, who_waits_for_them_holds_back_those_that_want_some_and_nobody_else) {
  Stage stage(with_gpus({"0", "1"}, 4));
  stage.submit(a_job(1, 1));
  idle(stage, 11, 1);
  stage.submit(a_job(2, 2));
  stage.submit(a_job(3, 1));
  stage.submit(a_job(4, 0));
  idle(stage, 12, 2);
  idle(stage, 13, 1);
  idle(stage, 14, 0);
  EXPECT_EQ(stage.state(2), JobState::queued);
  EXPECT_EQ(stage.state(3), JobState::queued) << "GPU 1 is free, but the one before it wants it";
  EXPECT_EQ(stage.state(4), JobState::running);
  EXPECT_EQ(stage.engine.scheduler().slots().used(), 2U) << "who waits for a GPU keeps no slot";
  stage.succeeded(11);
  stage.gone(11);
  EXPECT_EQ(stage.state(2), JobState::running);
  EXPECT_EQ(stage.state(3), JobState::queued);
}

TEST(SchedulerGpus, one_that_waits_for_a_worker_keeps_those_that_it_will_have) {
  Stage stage(with_gpus({"0"}));
  stage.submit(a_job(1, 1, 5));
  NewJob other = a_job(2, 1);
  other.kind.load = "gpus 1, and an add-on";
  stage.submit(other);
  const KindId kind = stage.engine.scheduler().kinds().find({.blender = "b", .load = "gpus 1, and an add-on"});
  stage.engine.apply(WorkerIdle{attempt_id(12), kind, Isolation::process, {1, 1}}, stage.now);
  EXPECT_EQ(stage.state(2), JobState::queued);
  idle(stage, 11, 1);
  EXPECT_EQ(stage.state(1), JobState::running);
}

TEST(SchedulerGpus, more_than_there_are_is_refused_with_both_numbers) {
  Stage stage(with_gpus({"0"}));
  EXPECT_EQ(*stage.submit(a_job(1, 2)), "NOT_ENOUGH_GPUS");
  const Status admitted = stage.engine.scheduler().admits(a_job(1, 2).job, {.blender = "b"});
  ASSERT_FALSE(admitted);
  EXPECT_THAT(admitted.error().message, testing::AllOf(testing::HasSubstr("asks for 2"), testing::HasSubstr("has 1")));
  EXPECT_EQ(admitted.error().field, "spec.resources.gpus");
}

TEST(SchedulerGpus, a_restart_knows_who_has_which_also_of_those_that_are_as_good_as_dead) {
  Stage stage(with_gpus({"0", "1"}));
  NewJob job = a_job(1, 1);
  job.job.state = JobState::running;
  job.job.seq = 1;
  job.job.attempts = 1;
  stage.engine.restore(5, 2);
  stage.engine.load({job.job, job.kind});
  stage.engine.adopt({.id = attempt_id(11), .job = job_id(1), .gpus = {"1"}}, stage.now);
  stage.engine.adopt({.id = attempt_id(12), .job = job_id(9), .gpus = {"0"}}, stage.now);  // its job has ended
  stage.engine.tick(stage.now);
  stage.submit(a_job(2, 1));
  idle(stage, 13, 1);
  EXPECT_EQ(stage.state(2), JobState::queued);
  stage.gone(12);
  EXPECT_EQ(of(stage, 13), Gpus{"0"});
}

TEST(SchedulerGpus, a_daemon_with_fewer_fails_those_that_can_never_run) {
  Stage stage(with_gpus({"0"}));
  NewJob job = a_job(1, 2);
  job.job.state = JobState::queued;
  job.job.seq = 1;
  stage.engine.restore(5, 1);
  stage.engine.load({job.job, job.kind});
  stage.engine.tick(stage.now);
  EXPECT_EQ(stage.state(1), JobState::failed);
  EXPECT_EQ(stage.row(1)->failure.reason, Reason::blender_unavailable);
  EXPECT_THAT(stage.row(1)->failure.message, testing::HasSubstr("has 1 now"));
}

TEST(SchedulerGpus, what_a_worker_died_of_before_the_first_line_is_told_in_the_end) {
  Stage stage(with_gpus({"0"}));
  stage.submit(a_job(1, 1));
  for (std::uint8_t n = 11; n <= 15; ++n) {
    idle(stage, n, 1);
    EXPECT_EQ(of(stage, n), Gpus{"0"});
    stage.engine.apply(WorkerGone{attempt_id(n), "no driver"}, stage.now);
  }
  EXPECT_EQ(stage.state(1), JobState::failed);
  EXPECT_THAT(stage.row(1)->failure.message, testing::HasSubstr("no driver"));
}

}  // namespace
}  // namespace offstage::core
