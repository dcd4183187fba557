// SPDX-License-Identifier: Apache-2.0
//
// What a breaker does to jobs: cold ones instead of forked, a trial, and trust again.
#include <gtest/gtest.h>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::job_id;
using fakes::Stage;
using namespace std::chrono_literals;

SchedulerOptions with_spares() {
  SchedulerOptions options;
  options.slots = 4;
  return options;
}

struct Trust : ::testing::Test {
  Stage stage{with_spares()};
  std::uint8_t last = 0;

  Trust() { stage.prove(ForkProof::proven); }

  /// A job with the worker that it asked for; the worker has the job's number.
  std::uint8_t run(Isolation asked, Isolation worker) {
    NewJob job = Stage::a_job(++last);
    job.job.isolation = asked;
    stage.submit(job);
    if (stage.state(last) != JobState::running) stage.idle(last, worker);
    stage.commit();
    stage.started(last);
    return last;
  }
  void crash(Isolation asked = Isolation::automatic) {
    const auto n = run(asked, Isolation::fork);
    stage.failed(n, Reason::crashed);
    stage.gone(n);
  }
  void crash(int times) {
    for (int i = 0; i < times; ++i) crash();
  }
  unsigned wanted(Isolation isolation) { return stage.pool.wanted[{stage.kind(), isolation}]; }
  std::vector<Supply::Tripped> tripped() { return stage.engine.scheduler().tripped(stage.now.mono); }
  Isolation got(std::uint8_t n) {
    const AttemptId attempt = stage.engine.scheduler().jobs().find(job_id(n))->attempt;
    return stage.engine.scheduler().attempts().at(attempt).isolation;
  }
};

TEST_F(Trust, after_five_crashes_in_a_row_auto_jobs_start_cold_and_it_is_told) {
  crash(5);
  ASSERT_EQ(tripped().size(), 1U);
  EXPECT_EQ(tripped()[0].kind.blender, "b");
  EXPECT_EQ(tripped()[0].crashes, 5U);
  EXPECT_EQ(tripped()[0].why, "it failed");
  stage.submit([this] {
    NewJob job = Stage::a_job(++last);
    job.job.isolation = Isolation::automatic;
    return job;
  }());
  EXPECT_GE(wanted(Isolation::process), 1U);
  stage.idle(200, Isolation::process);
  EXPECT_EQ(got(last), Isolation::process);
}

TEST_F(Trust, a_job_that_asks_for_a_fork_gets_one_all_the_same_and_its_success_closes_the_breaker) {
  crash(5);
  const auto n = run(Isolation::fork, Isolation::fork);
  EXPECT_EQ(got(n), Isolation::fork);
  stage.succeeded(n);
  EXPECT_TRUE(tripped().empty());
}

TEST_F(Trust, scripts_that_fail_by_themselves_trip_nothing) {
  for (const Reason reason : {Reason::script_error, Reason::exit_code, Reason::result_invalid}) {
    crash(4);
    const auto n = run(Isolation::automatic, Isolation::fork);
    stage.failed(n, reason);
    stage.gone(n);
  }
  EXPECT_TRUE(tripped().empty());
}

TEST_F(Trust, neither_do_cancels_timeouts_and_limits) {
  for (int i = 0; i < 8; ++i) {
    const auto n = run(Isolation::automatic, Isolation::fork);
    if (i % 2 == 0) stage.cancel(n);
    stage.failed(n, i % 2 == 0 ? Reason::crashed : Reason::out_of_memory);
    stage.gone(n);
  }
  EXPECT_TRUE(tripped().empty());
}

TEST_F(Trust, cold_crashes_say_nothing_of_the_fork) {
  for (int i = 0; i < 8; ++i) {
    const auto n = run(Isolation::process, Isolation::process);
    stage.failed(n, Reason::crashed);
    stage.gone(n);
  }
  EXPECT_TRUE(tripped().empty());
}

TEST_F(Trust, workers_that_die_before_the_first_line_count) {
  for (int i = 0; i < 5; ++i) {
    NewJob job = Stage::a_job(++last);
    job.job.isolation = Isolation::automatic;
    stage.submit(job);
    stage.idle(last, Isolation::fork);
    stage.engine.apply(WorkerGone{fakes::attempt_id(last)}, stage.now);
    stage.cancel(last);
  }
  EXPECT_EQ(tripped().size(), 1U);
}

TEST_F(Trust, when_the_pause_is_over_one_forked_spare_is_asked_for_and_one_job_is_the_trial) {
  crash(5);
  stage.tick_after(30s);
  ASSERT_EQ(tripped()[0].state, Breaker::State::trial);
  const auto first = run(Isolation::automatic, Isolation::process);
  EXPECT_EQ(got(first), Isolation::process) << "nobody waits for the trial's zygote";
  EXPECT_GE(wanted(Isolation::fork), 1U);
  stage.idle(100, Isolation::fork);
  stage.idle(101, Isolation::fork);

  NewJob job = Stage::a_job(++last);
  job.job.isolation = Isolation::automatic;
  stage.submit(job);
  EXPECT_EQ(got(last), Isolation::fork);
  const std::uint8_t trial = last;
  const auto other = run(Isolation::automatic, Isolation::process);
  EXPECT_EQ(got(other), Isolation::process) << "one at a time";

  stage.commit();
  stage.started(100);
  stage.succeeded(100);
  EXPECT_EQ(stage.state(trial), JobState::succeeded);
  EXPECT_TRUE(tripped().empty());
  EXPECT_EQ(got(run(Isolation::automatic, Isolation::fork)), Isolation::fork);
}

TEST_F(Trust, a_trial_that_crashes_opens_it_for_twice_as_long) {
  crash(5);
  stage.tick_after(30s);
  stage.idle(100, Isolation::fork);
  NewJob job = Stage::a_job(++last);
  job.job.isolation = Isolation::automatic;
  stage.submit(job);
  stage.commit();
  stage.started(100);
  stage.failed(100, Reason::crashed);
  ASSERT_EQ(tripped()[0].state, Breaker::State::open);
  EXPECT_EQ(tripped()[0].until, stage.now.mono + 60s);
}

}  // namespace
}  // namespace offstage::core
