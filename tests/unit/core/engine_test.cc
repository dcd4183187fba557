// SPDX-License-Identifier: Apache-2.0
//
// The whole rule: nothing that others may rely on leaves before it is durable.
#include "core/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::job_id;
using fakes::no_spares;
using fakes::Stage;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

TEST(Engine, a_submit_is_acknowledged_when_it_is_durable) {
  Stage stage(no_spares(1));
  const auto reply = stage.submit(Stage::a_job(1));
  EXPECT_EQ(*reply, "pending");
  EXPECT_THAT(stage.watch.seen, IsEmpty());
  stage.commit();
  EXPECT_EQ(*reply, "");
  EXPECT_THAT(stage.watch.seen, ElementsAre(ElementsAre(job_id(1))));
}

TEST(Engine, who_is_told_of_a_job_finds_it_in_a_snapshot_that_is_taken_at_once) {
  Stage stage(no_spares(1));
  std::size_t seen = 0;
  stage.engine.create({Stage::a_job(1)}, stage.now, [&](const Result<std::vector<Job>>&) { seen = stage.watch.seen.size(); });
  stage.commit();
  EXPECT_EQ(seen, 1U);
}

TEST(Engine, prepare_goes_ahead_of_the_disk_and_go_waits_for_it) {
  Stage stage(no_spares(1));
  stage.submit(Stage::a_job(1));
  stage.idle(11);
  EXPECT_THAT(stage.pool.take(), ElementsAre("prepare 0b"));
  ASSERT_THAT(stage.pool.prepared, SizeIs(1));
  EXPECT_EQ(*stage.pool.prepared[0].spec, "spec 1") << "no reader of the store sees the row yet";
  stage.commit();
  EXPECT_THAT(stage.pool.take(), ElementsAre("go 0b"));
}

TEST(Engine, the_spec_of_a_durable_job_is_left_to_the_store) {
  Stage stage(no_spares(1));
  stage.submit(Stage::a_job(1));
  stage.commit();
  stage.idle(11);
  ASSERT_THAT(stage.pool.prepared, SizeIs(1));
  EXPECT_EQ(stage.pool.prepared[0].spec, nullptr);
}

TEST(Engine, submit_and_assignment_are_one_transaction_when_a_worker_waits) {
  Stage stage(no_spares(2));
  stage.submit(Stage::a_job(1));
  stage.idle(11);
  stage.idle(12);
  const std::size_t before = stage.store.batches.size();
  stage.submit(Stage::a_job(2));
  ASSERT_EQ(stage.store.batches.size(), before + 1);
  EXPECT_FALSE(stage.store.batches.back().lazy);
  EXPECT_EQ(stage.state(2), JobState::running);
}

TEST(Engine, the_acts_of_a_cancel_wait_for_its_record) {
  Stage stage(no_spares(1));
  stage.submit(Stage::a_job(1));
  stage.idle(11);
  stage.commit();
  stage.started(11);
  stage.commit();
  stage.pool.take();
  const auto reply = stage.cancel(1);
  EXPECT_EQ(*reply, "pending");
  EXPECT_THAT(stage.pool.take(), IsEmpty());
  stage.commit();
  EXPECT_EQ(*reply, "");
  EXPECT_THAT(stage.pool.take(), ElementsAre("flag cancelled 0b"));
}

TEST(Engine, an_attempt_that_is_cancelled_before_go_never_gets_it) {
  Stage stage(no_spares(1));
  stage.submit(Stage::a_job(1));
  stage.idle(11);
  stage.cancel(1);
  stage.commit();
  EXPECT_THAT(stage.pool.take(), ElementsAre("prepare 0b", "flag cancelled 0b", "terminate 0b"));
  stage.engine.apply(WorkerGone{fakes::attempt_id(11)}, stage.now);
  EXPECT_EQ(stage.state(1), JobState::cancelled);
}

TEST(Engine, a_start_is_written_lazily_an_end_is_not) {
  Stage stage(no_spares(1));
  stage.submit(Stage::a_job(1));
  stage.idle(11);
  stage.started(11);
  EXPECT_TRUE(stage.store.batches.back().lazy);
  stage.succeeded(11);
  EXPECT_FALSE(stage.store.batches.back().lazy);
  stage.gone(11);
  EXPECT_TRUE(stage.store.batches.back().lazy);
  EXPECT_EQ(stage.store.batches.back().revision, stage.engine.scheduler().last_revision());
}

TEST(Engine, while_the_store_is_behind_nothing_new_is_taken_or_started) {
  Stage stage(no_spares(1));
  stage.submit(Stage::a_job(1));
  stage.store.is_full = true;
  EXPECT_EQ(*stage.submit(Stage::a_job(2)), "BUSY");
  stage.idle(11);
  EXPECT_EQ(stage.state(1), JobState::queued);
  stage.store.is_full = false;
  stage.commit();
  EXPECT_EQ(stage.state(1), JobState::running);
}

TEST(Engine, an_idle_engine_has_no_timer) {
  Stage stage(no_spares(1));
  EXPECT_FALSE(stage.engine.next_deadline());
  stage.submit(Stage::a_job(1));
  stage.idle(11);
  EXPECT_TRUE(stage.engine.next_deadline());
  stage.started(11);
  stage.succeeded(11);
  stage.gone(11);
  EXPECT_FALSE(stage.engine.next_deadline());
}

}  // namespace
}  // namespace offstage::core
