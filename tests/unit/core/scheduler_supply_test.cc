// SPDX-License-Identifier: Apache-2.0
//
// Which workers are asked for, and what happens when there are none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::job_id;
using fakes::Stage;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

SchedulerOptions with_spares(unsigned slots, std::string default_blender = "") {
  SchedulerOptions options;
  options.slots = slots;
  options.default_blender = std::move(default_blender);
  return options;
}

NewJob a_job(std::uint8_t n, Isolation isolation) {
  NewJob job = Stage::a_job(n);
  job.job.isolation = isolation;
  return job;
}

struct Supplies : ::testing::Test {
  Stage stage{with_spares(2)};
  unsigned wanted(Isolation isolation) {
    const auto found = stage.pool.wanted.find({stage.kind(), isolation});
    return found == stage.pool.wanted.end() ? 0 : found->second;
  }
};

TEST_F(Supplies, each_job_that_could_run_asks_for_a_worker) {
  for (std::uint8_t n = 1; n <= 5; ++n) stage.submit(a_job(n, Isolation::process));
  EXPECT_EQ(wanted(Isolation::process), 2U);
}

TEST_F(Supplies, an_assignment_raises_the_number_in_the_same_step) {
  stage.submit(a_job(1, Isolation::process));
  stage.idle(11);
  EXPECT_EQ(wanted(Isolation::process), 2U) << "one within the last second, and one more";
}

TEST_F(Supplies, auto_is_cold_until_the_proof_and_forked_after) {
  stage.submit(a_job(1, Isolation::automatic));
  EXPECT_EQ(wanted(Isolation::process), 1U);
  EXPECT_EQ(wanted(Isolation::fork), 0U);
  stage.prove(ForkProof::proven);
  EXPECT_EQ(wanted(Isolation::process), 0U);
  EXPECT_EQ(wanted(Isolation::fork), 1U);
}

TEST_F(Supplies, an_auto_job_takes_an_idle_cold_worker_rather_than_wait_for_a_fork) {
  stage.submit(a_job(1, Isolation::automatic));
  stage.prove(ForkProof::proven);
  stage.idle(11, Isolation::process);
  EXPECT_EQ(stage.state(1), JobState::running);
}

TEST_F(Supplies, a_fork_job_waits_for_the_proof_and_fails_where_it_is_refused) {
  stage.submit(a_job(1, Isolation::fork));
  EXPECT_EQ(stage.state(1), JobState::queued);
  stage.prove(ForkProof::refused, "TBB does not end");
  ASSERT_EQ(stage.state(1), JobState::failed);
  EXPECT_EQ(stage.row(1)->failure.reason, Reason::blender_unavailable);
  EXPECT_THAT(stage.row(1)->failure.message, HasSubstr("TBB does not end"));
  EXPECT_EQ(*stage.submit(a_job(2, Isolation::fork)), "FORK_REFUSED");
}

TEST_F(Supplies, when_zygotes_fail_fork_jobs_fail_and_auto_goes_cold_and_tries_a_fork_again_after_five_minutes) {
  stage.submit(a_job(1, Isolation::fork));
  stage.submit(a_job(2, Isolation::automatic));
  stage.prove(ForkProof::proven);
  EXPECT_EQ(wanted(Isolation::fork), 2U);
  stage.engine.apply(KindFailed{stage.kind(), Isolation::fork, {Reason::blender_unavailable, "no memory", "", {}, {}}}, stage.now);
  EXPECT_EQ(stage.state(1), JobState::failed);
  EXPECT_THAT(stage.row(1)->failure.message, HasSubstr("no memory"));
  EXPECT_EQ(stage.state(2), JobState::queued);
  EXPECT_EQ(wanted(Isolation::process), 1U);
  EXPECT_EQ(wanted(Isolation::fork), 0U);
  stage.tick_after(5min);
  EXPECT_EQ(wanted(Isolation::process), 1U);
  EXPECT_EQ(wanted(Isolation::fork), 1U);
}

TEST_F(Supplies, memory_that_is_short_leaves_no_spares_but_serves_who_waits) {
  stage.submit(a_job(1, Isolation::process));
  stage.idle(11);
  stage.engine.apply(MemoryShort{true}, stage.now);
  EXPECT_EQ(wanted(Isolation::process), 0U);
  stage.submit(a_job(2, Isolation::process));
  EXPECT_EQ(wanted(Isolation::process), 1U);
}

TEST(SuppliesOfTheDefault, is_warm_from_the_start_and_cools_down_when_nobody_comes) {
  Stage stage(with_spares(4, "b"));
  stage.prove(ForkProof::pending);
  const auto wanted = [&](Isolation isolation) { return stage.pool.wanted[{stage.kind(), isolation}]; };
  EXPECT_EQ(wanted(Isolation::process), 1U);
  stage.prove(ForkProof::proven);
  EXPECT_EQ(wanted(Isolation::process), 0U);
  EXPECT_EQ(wanted(Isolation::fork), 2U);
  while (const auto next = stage.engine.next_deadline()) stage.tick_after(*next - stage.now.mono);
  EXPECT_EQ(wanted(Isolation::fork), 0U);
  EXPECT_EQ(stage.now.mono, Mono(1000s) + 10min);
}

}  // namespace
}  // namespace offstage::core
