// SPDX-License-Identifier: Apache-2.0
//
// Retries: by policy, with growing, jittered pauses, each attempt with a row of its own; and who cancelled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::attempt_id;
using fakes::job_id;
using fakes::no_spares;
using fakes::Stage;
using ::testing::ElementsAre;
using ::testing::Pair;
using namespace std::chrono_literals;

constexpr std::array all_reasons{Reason::script_error, Reason::exit_code, Reason::crashed,   Reason::out_of_memory,  Reason::timed_out,
                                 Reason::lost,         Reason::preflight, Reason::disk_full, Reason::result_invalid, Reason::scene_unreadable};

struct Retries : ::testing::Test {
  Stage stage{no_spares(1)};
  std::uint8_t worker = 10;

  void run_and_fail(Reason reason) {
    stage.idle(++worker);
    stage.commit();
    stage.started(worker);
    stage.failed(worker, reason);
    stage.gone(worker);
  }
  NewJob a_job(std::uint8_t n, std::uint8_t attempts, std::uint16_t retry_on) {
    NewJob job = Stage::a_job(n);
    job.job.max_attempts = attempts;
    job.job.retry_on = retry_on;
    return job;
  }
  /// From the failure of each attempt to when the job waits for a worker again.
  std::vector<Micros> pauses(const NewJob& job, int attempts) {
    std::vector<Micros> out;
    stage.submit(job);
    for (int i = 0; i < attempts; ++i) {
      run_and_fail(Reason::crashed);
      const auto next = stage.engine.next_deadline();
      out.push_back(next ? *next - stage.now.mono : Micros{0});
      if (next) stage.tick_after(*next - stage.now.mono);
    }
    return out;
  }
};

TEST_F(Retries, nothing_is_tried_again_unless_its_reason_is_named) {
  std::uint8_t n = 0;
  for (const Reason reason : all_reasons) {
    stage.submit(a_job(++n, 3, 0));
    run_and_fail(reason);
    EXPECT_EQ(stage.state(n), JobState::failed) << static_cast<int>(reason);

    const auto others = static_cast<std::uint16_t>(0xffff & ~bit(reason));
    stage.submit(a_job(++n, 3, others));
    run_and_fail(reason);
    EXPECT_EQ(stage.state(n), JobState::failed) << static_cast<int>(reason);

    stage.submit(a_job(++n, 3, bit(reason)));
    run_and_fail(reason);
    EXPECT_EQ(stage.state(n), JobState::queued) << static_cast<int>(reason);
    stage.cancel(n);
  }
}

TEST_F(Retries, pauses_double_up_to_a_minute_each_three_quarters_to_the_whole_of_it) {
  const auto measured = pauses(a_job(1, 10, bit(Reason::crashed)), 9);
  Micros full = 1s;
  for (const Micros pause : measured) {
    EXPECT_LE(pause, full);
    EXPECT_GE(pause, full * 3 / 4);
    full = std::min<Micros>(full * 2, 60s);
  }
}

TEST_F(Retries, jobs_that_failed_together_do_not_come_back_together) {
  std::set<Micros> first;
  for (int i = 0; i < 50; ++i) {
    NewJob job = a_job(1, 2, bit(Reason::crashed));
    job.job.id = JobId::random();
    Stage fresh{no_spares(1)};
    fresh.submit(job);
    fresh.idle(11);
    fresh.commit();
    fresh.started(11);
    fresh.failed(11, Reason::crashed);
    fresh.gone(11);
    first.insert(*fresh.engine.next_deadline() - fresh.now.mono);
  }
  EXPECT_GT(first.size(), 20U);
}

TEST_F(Retries, each_attempt_keeps_its_own_row_number_and_reason) {
  stage.submit(a_job(1, 3, bit(Reason::crashed) | bit(Reason::lost)));
  for (const Reason reason : {Reason::crashed, Reason::lost, Reason::script_error}) {
    run_and_fail(reason);
    stage.tick_after(1min);
  }
  std::map<std::uint32_t, Reason> rows;
  for (const Batch& batch : stage.store.batches) {
    for (const Change& change : batch.changes) {
      if (const auto* row = std::get_if<AttemptWrite>(&change); row && row->state == AttemptState::failed) rows[row->number] = row->failure.reason;
    }
  }
  EXPECT_THAT(rows, ElementsAre(Pair(1U, Reason::crashed), Pair(2U, Reason::lost), Pair(3U, Reason::script_error)));
  EXPECT_EQ(stage.state(1), JobState::failed);
  EXPECT_EQ(stage.row(1)->failure.reason, Reason::script_error) << "the last one's";
}

struct Cancels : Retries {};

TEST_F(Cancels, who_asked_is_kept_with_the_job) {
  stage.submit(Stage::a_job(1));
  stage.cancel(1, "alice@desk");
  EXPECT_EQ(stage.row(1)->failure.message, "cancelled by alice@desk");
  EXPECT_EQ(stage.row(1)->failure.reason, Reason::none);
}

TEST_F(Cancels, also_where_the_script_had_to_be_ended_first) {
  stage.submit(Stage::a_job(1));
  stage.idle(11);
  stage.commit();
  stage.started(11);
  stage.cancel(1, "alice@desk");
  stage.cancel(1, "bob@desk");
  stage.failed(11, Reason::crashed);
  stage.gone(11);
  EXPECT_EQ(stage.state(1), JobState::cancelled);
  EXPECT_EQ(stage.row(1)->failure.message, "cancelled by alice@desk") << "the first one did it";
}

TEST_F(Cancels, a_restart_in_between_forgets_nothing) {
  NewJob made = Stage::a_job(1);
  made.job.seq = 1;
  made.job.state = JobState::cancelling;
  made.job.attempts = 1;
  stage.engine.restore(5, 1);
  stage.engine.load({made.job, made.kind});
  stage.engine.adopt(
      {attempt_id(11), job_id(1), 1, AttemptState::running, Isolation::process, {1, 1}, {}, {}, {Reason::none, "cancelled by alice@desk", "", {}, {}}},
      stage.now);
  stage.gone(11);
  EXPECT_EQ(stage.state(1), JobState::cancelled);
  EXPECT_EQ(stage.row(1)->failure.message, "cancelled by alice@desk");
}

}  // namespace
}  // namespace offstage::core
