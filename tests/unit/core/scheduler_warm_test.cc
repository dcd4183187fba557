// SPDX-License-Identifier: Apache-2.0
//
// Scenes: which workers run jobs on them, when they become warm, and when they are let go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::attempt_id;
using fakes::Stage;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const std::string shot = R"({"path":"/shots/010.blend"})", other = R"({"path":"/shots/020.blend"})";

struct Scenes : ::testing::Test {
  Scenes() { stage.prove(ForkProof::proven); }

  static SchedulerOptions options() {
    SchedulerOptions options;
    options.slots = 4;
    options.warm_bytes = 1000;
    return options;
  }
  static Kind kind(const std::string& scene) { return {.blender = "b", .scene = scene}; }
  KindId id(const std::string& scene) { return stage.engine.scheduler().kinds().find(kind(scene)); }
  void submit(std::uint8_t n, const std::string& scene, Isolation isolation = Isolation::automatic) {
    NewJob job = Stage::a_job(n);
    job.kind = kind(scene);
    job.job.isolation = isolation;
    stage.submit(std::move(job));
  }
  void idle(std::uint8_t n, const std::string& scene, Isolation isolation = Isolation::fork) {
    stage.engine.apply(WorkerIdle{attempt_id(n), id(scene), isolation, {n, n}}, stage.now);
  }
  void release(const std::string& scene) {
    stage.engine.cool([&](const Kind& one) { return one.scene == scene; }, stage.now);
  }
  void ready(const std::string& scene, std::int64_t bytes) { stage.engine.apply(KeeperReady{id(scene), Isolation::fork, bytes}, stage.now); }
  unsigned wanted(const std::string& scene, Isolation isolation = Isolation::fork) {
    const auto found = stage.pool.wanted.find({id(scene), isolation});
    return found == stage.pool.wanted.end() ? 0 : found->second;
  }
  /// Two jobs on the scene have run: it is warm.
  void use_twice(std::uint8_t n, const std::string& scene) {
    submit(n, scene);
    idle(n, "");
    submit(n + 1, scene);
    idle(n + 1, scene);
    stage.succeeded(n);
    stage.gone(n);
    stage.succeeded(n + 1);
    stage.gone(n + 1);
  }

  Stage stage{options()};
};

TEST_F(Scenes, the_first_job_takes_any_pristine_worker) {
  submit(1, shot);
  EXPECT_EQ(wanted(""), 1U);
  EXPECT_EQ(wanted(shot), 0U);
  idle(1, "");
  EXPECT_EQ(stage.state(1), JobState::running);
}

TEST_F(Scenes, the_second_job_asks_for_a_zygote_that_has_the_scene_open_and_waits_for_it) {
  submit(1, shot);
  idle(1, "");
  submit(2, shot);
  EXPECT_EQ(wanted(shot), 1U);
  idle(2, "");
  EXPECT_EQ(stage.state(2), JobState::queued);
  idle(3, shot);
  EXPECT_EQ(stage.state(2), JobState::running);
  EXPECT_EQ(wanted(shot), 2U) << "one within the last second, and one more";
}

TEST_F(Scenes, another_scene_knows_nothing_of_it) {
  use_twice(1, shot);
  submit(3, other);
  idle(3, shot);
  EXPECT_EQ(stage.state(3), JobState::queued);
  idle(4, "");
  EXPECT_EQ(stage.state(3), JobState::running);
}

TEST_F(Scenes, a_second_job_after_a_long_while_is_a_first_one) {
  submit(1, shot);
  idle(1, "");
  stage.pass(11min);
  submit(2, shot);
  EXPECT_EQ(wanted(shot), 0U);
  EXPECT_EQ(wanted(""), 1U);
}

TEST_F(Scenes, cold_workers_keep_no_scene) {
  submit(1, shot, Isolation::process);
  idle(1, "", Isolation::process);
  submit(2, shot, Isolation::process);
  EXPECT_EQ(wanted(shot, Isolation::process), 0U);
  EXPECT_GE(wanted("", Isolation::process), 1U);
}

TEST_F(Scenes, a_scene_that_makes_no_zygote_is_opened_by_each_worker_itself) {
  submit(1, shot);
  idle(1, "");
  submit(2, shot, Isolation::fork);
  stage.engine.apply(KindFailed{id(shot), Isolation::fork, {Reason::blender_unavailable, "USD was read", "", {}, {}}}, stage.now);
  EXPECT_EQ(stage.state(2), JobState::queued);
  EXPECT_EQ(wanted(shot), 0U);
  idle(2, "");
  EXPECT_EQ(stage.state(2), JobState::running);
}

TEST_F(Scenes, when_pristine_workers_cannot_be_had_its_jobs_fail) {
  submit(1, shot, Isolation::fork);
  stage.engine.apply(KindFailed{id(""), Isolation::fork, {Reason::blender_unavailable, "no memory", "", {}, {}}}, stage.now);
  EXPECT_EQ(stage.state(1), JobState::failed);
}

TEST_F(Scenes, the_breaker_is_the_scenes_own) {
  for (std::uint8_t n = 1; n <= 6; ++n) {
    submit(n, shot);
    idle(n, n == 1 ? "" : shot);
    stage.started(n);
    stage.failed(n, Reason::crashed);
    stage.gone(n);
  }
  const auto tripped = stage.engine.scheduler().tripped(stage.now.mono);
  ASSERT_EQ(tripped.size(), 1U);
  EXPECT_EQ(tripped[0].kind.scene, shot);
  submit(7, shot);
  EXPECT_GE(wanted("", Isolation::process), 1U) << "cold";
  submit(8, "");
  EXPECT_GE(wanted(""), 1U) << "others fork";
}

TEST_F(Scenes, warming_is_told_when_a_worker_waits) {
  std::string told = "pending";
  stage.engine.warm(kind(shot), 0s, stage.now, [&](const Status& status) { told = status ? "" : status.error().reason; });
  EXPECT_EQ(told, "pending");
  EXPECT_EQ(wanted(shot), 1U);
  idle(1, shot);
  EXPECT_EQ(told, "");
  submit(1, shot);
  EXPECT_EQ(stage.state(1), JobState::running);
}

TEST_F(Scenes, warming_waits_for_the_fork_proof) {
  Stage unproven(options());
  unproven.engine.warm(kind(shot), 0s, unproven.now, [](const Status&) {});
  EXPECT_TRUE(unproven.pool.wanted.empty());
  unproven.prove(ForkProof::proven);
  EXPECT_EQ((unproven.pool.wanted[{unproven.engine.scheduler().kinds().find(kind(shot)), Isolation::fork}]), 1U);
}

TEST_F(Scenes, warming_that_fails_says_why_and_can_be_asked_for_again) {
  std::string told;
  const auto note = [&](const Status& status) { told = status ? "" : status.error().message; };
  stage.engine.warm(kind(shot), 0s, stage.now, note);
  stage.engine.apply(KindFailed{id(shot), Isolation::fork, {Reason::blender_unavailable, "USD was read", "", {}, {}}}, stage.now);
  EXPECT_THAT(told, HasSubstr("USD was read"));
  EXPECT_EQ(wanted(shot), 0U);
  stage.engine.warm(kind(shot), 0s, stage.now, note);
  EXPECT_EQ(wanted(shot), 1U);
}

TEST_F(Scenes, a_draining_daemon_warms_nothing) {
  std::string told;
  stage.engine.warm(kind(shot), 0s, stage.now, [&](const Status& status) { told = status ? "" : status.error().reason; });
  stage.engine.set_draining(true, stage.now);
  EXPECT_EQ(told, "DRAINING");
  EXPECT_EQ(wanted(shot), 0U);
}

TEST_F(Scenes, a_held_scene_stays_as_long_as_it_was_asked_for_and_goes_when_it_is_released) {
  stage.engine.warm(kind(shot), 2h, stage.now, [](const Status&) {});
  stage.tick_after(119min);
  EXPECT_EQ(wanted(shot), 1U);
  stage.tick_after(2min);
  EXPECT_EQ(wanted(shot), 0U);
  stage.engine.warm(kind(shot), 2h, stage.now, [](const Status&) {});
  EXPECT_EQ(wanted(shot), 1U);
  release(shot);
  EXPECT_EQ(wanted(shot), 0U);
}

TEST_F(Scenes, all_that_are_meant_are_released_and_no_other) {
  const std::string saved_since = R"({"path":"/shots/010.blend","pin":2})";
  for (const std::string& scene : {shot, saved_since, other}) stage.engine.warm(kind(scene), 2h, stage.now, [](const Status&) {});
  stage.engine.cool([](const Kind& one) { return one.scene.find("010") != std::string::npos; }, stage.now);
  EXPECT_EQ(wanted(shot), 0U);
  EXPECT_EQ(wanted(saved_since), 0U);
  EXPECT_EQ(wanted(other), 1U);
}

TEST_F(Scenes, whoever_waits_for_a_scene_that_is_released_is_told) {
  std::string told;
  stage.engine.warm(kind(shot), 0s, stage.now, [&](const Status& status) { told = status ? "warm" : status.error().message; });
  EXPECT_EQ(told, "");
  release(shot);
  EXPECT_THAT(told, HasSubstr("let go"));
}

TEST_F(Scenes, a_job_that_waits_for_a_scene_that_is_released_takes_a_pristine_worker) {
  submit(1, shot);
  idle(1, "");
  submit(2, shot);
  release(shot);
  EXPECT_EQ(wanted(shot), 0U);
  idle(2, "");
  EXPECT_EQ(stage.state(2), JobState::running);
}

TEST_F(Scenes, an_unused_scene_goes_after_a_while) {
  use_twice(1, shot);
  EXPECT_GE(wanted(shot), 1U);
  while (const auto next = stage.engine.next_deadline()) stage.tick_after(*next - stage.now.mono);
  EXPECT_EQ(wanted(shot), 0U);
}

TEST_F(Scenes, beyond_the_budget_the_one_that_was_not_used_for_the_longest_goes) {
  use_twice(1, shot);
  ready(shot, 600);
  stage.pass(1s);
  use_twice(3, other);
  EXPECT_GE(wanted(shot), 1U);
  ready(other, 600);
  EXPECT_EQ(wanted(shot), 0U);
  EXPECT_GE(wanted(other), 1U);
}

TEST_F(Scenes, one_that_is_larger_than_the_budget_is_opened_by_each_worker_itself) {
  use_twice(1, shot);
  ready(shot, 1001);
  EXPECT_EQ(wanted(shot), 0U);
  submit(3, shot);
  idle(3, "");
  EXPECT_EQ(stage.state(3), JobState::running);
}

}  // namespace
}  // namespace offstage::core
