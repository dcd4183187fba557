// SPDX-License-Identifier: Apache-2.0
//
// A disk that is almost full: what runs ends, what waits goes on waiting.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::no_spares;
using fakes::Stage;
using namespace std::chrono_literals;

TEST(SchedulerDisk, with_little_room_on_the_disk_nothing_is_started_and_what_runs_ends) {
  Stage stage(no_spares(1));
  stage.submit(Stage::a_job(1));
  stage.submit(Stage::a_job(2));
  stage.idle(11);
  stage.engine.apply(DiskLow{true}, stage.now);
  stage.started(11);
  stage.succeeded(11);
  stage.gone(11);
  stage.idle(12);
  EXPECT_EQ(stage.state(1), JobState::succeeded);
  EXPECT_EQ(stage.state(2), JobState::queued);
  stage.engine.apply(DiskLow{false}, stage.now);
  EXPECT_EQ(stage.state(2), JobState::running);
}

TEST(SchedulerDisk, who_waits_for_room_does_not_fail_for_want_of_a_worker) {
  Stage stage(no_spares(1));
  stage.engine.apply(DiskLow{true}, stage.now);
  stage.submit(Stage::a_job(1));
  stage.tick_after(24h);
  EXPECT_EQ(stage.state(1), JobState::queued);
}

}  // namespace
}  // namespace offstage::core
