// SPDX-License-Identifier: Apache-2.0
//
// Keepers and daemons that die while scripts run. The daemon's death is the pool object's: its sockets close, nothing is told to anybody.
#include <signal.h>

#include "integration/pool_processes/pool_stage.h"

namespace offstage::pool {
namespace {

using core::Isolation;

class Restart : public PoolStage, public ::testing::WithParamInterface<Isolation> {
 protected:
  std::string waits_for(const std::filesystem::path& file) const {
    return "import os, time, offstage\noffstage.progress(0.5)\nwhile not os.path.exists('" + file.string() +
           "'): time.sleep(0.01)\noffstage.result = 'whole'\n";
  }
  pid_t keeper_of(const core::WorkerIdle& worker) { return stat_of(worker.process.pid)->parent; }
  core::OpenAttempt open_attempt(const core::WorkerIdle& worker, core::AttemptState state = core::AttemptState::running) {
    core::OpenAttempt out;
    out.id = worker.worker;
    out.state = state;
    out.isolation = worker.isolation;
    out.process = worker.process;
    return out;
  }
};

TEST_P(Restart, a_busy_worker_outlives_its_keeper_and_the_daemon_writes_its_record) {
  open();
  const auto worker = run(waits_for(root_ / "flag"), GetParam());
  ASSERT_TRUE(started(worker.worker));
  ASSERT_TRUE(run_until([this] { return !idle_.empty(); }));
  const auto spare = idle_.front();
  ::kill(keeper_of(worker), SIGKILL);
  EXPECT_TRUE(worker_gone(spare.worker));
  EXPECT_TRUE(run_until([this] { return idle_.size() >= 2; })) << "no new keeper";
  EXPECT_TRUE(alive(worker.process.pid));
  std::ofstream(root_ / "flag") << "go on";
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).value_json, "\"whole\"") << outcome(worker.worker).failure.message;
  ASSERT_TRUE(gone_.at(worker.worker).exit);
  EXPECT_TRUE(std::filesystem::exists(pool_->folder(worker.worker) / "exit"));
}

TEST_P(Restart, strays_of_a_worker_without_keeper_are_killed_by_the_daemon) {
  open();
  const auto file = root_ / "pid";
  const auto worker = run(
      "import os, time\nif os.fork() == 0:\n    os.setsid()\n    open('" + file.string() + "', 'w').write(str(os.getpid()))\ntime.sleep(3600)\n", GetParam());
  const pid_t stray = std::stoi(wait_for(file));
  ::kill(keeper_of(worker), SIGKILL);
  ASSERT_TRUE(run_until([&] { return stat_of(worker.process.pid)->parent == ::getpid(); }));
  pool_->raise_flag(worker.worker, 1);
  pool_->kill(worker.worker);
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).state, core::AttemptState::cancelled);
  EXPECT_FALSE(alive(stray));
}

TEST_P(Restart, a_running_worker_is_adopted) {
  open();
  const auto worker = run(waits_for(root_ / "flag"), GetParam());
  ASSERT_TRUE(started(worker.worker));
  lose_daemon();
  open(false);
  pool_->adopt({open_attempt(worker)}, {worker.worker});
  EXPECT_TRUE(alive(worker.process.pid));
  ASSERT_TRUE(pool_->progress(worker.worker));
  EXPECT_EQ(pool_->progress(worker.worker)->fraction, 0.5);
  std::ofstream(root_ / "flag") << "go on";
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).value_json, "\"whole\"") << outcome(worker.worker).failure.message;
  EXPECT_TRUE(gone_.at(worker.worker).exit);
}

TEST_P(Restart, an_adopted_worker_can_be_killed) {
  open();
  const auto worker = run("import time\ntime.sleep(3600)\n", GetParam());
  ASSERT_TRUE(started(worker.worker));
  lose_daemon();
  open(false);
  pool_->adopt({open_attempt(worker)}, {worker.worker});
  pool_->raise_flag(worker.worker, 1);
  pool_->kill(worker.worker);
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).state, core::AttemptState::cancelled);
}

TEST_P(Restart, an_attempt_that_ended_meanwhile_has_its_outcome) {
  open();
  const auto worker = run(waits_for(root_ / "flag"), GetParam());
  ASSERT_TRUE(started(worker.worker));
  lose_daemon();
  std::ofstream(root_ / "flag") << "go on";
  ASSERT_TRUE(run_until([&] { return std::filesystem::exists(root_ / "state/attempts" / worker.worker.hex() / "exit"); }));
  open(false);
  pool_->adopt({open_attempt(worker)}, {worker.worker});
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).value_json, "\"whole\"");
}

TEST_P(Restart, one_that_died_with_all_who_watched_is_lost) {
  open();
  const auto worker = run("import time\ntime.sleep(3600)\n", GetParam());
  ASSERT_TRUE(started(worker.worker));
  const pid_t keeper = keeper_of(worker);
  lose_daemon();
  ::kill(keeper, SIGKILL);
  ::kill(worker.process.pid, SIGKILL);
  ASSERT_TRUE(run_until([&] { return !alive(worker.process.pid) && !alive(keeper); }));
  open(false);
  pool_->adopt({open_attempt(worker)}, {worker.worker});
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).failure.reason, core::Reason::lost);
  EXPECT_EQ(outcome(worker.worker).failure.message, "the worker died while no daemon was watching");
}

TEST_P(Restart, one_that_had_no_go_is_free_again) {
  open();
  const auto worker = spare(GetParam());
  pool_->prepare(assignment(worker.worker, "1\n"));
  lose_daemon();
  ASSERT_TRUE(run_until([&] { return !alive(worker.process.pid); }));
  open(false);
  pool_->adopt({open_attempt(worker, core::AttemptState::starting)}, {worker.worker});
  EXPECT_TRUE(worker_gone(worker.worker));
  EXPECT_TRUE(ended_.empty());
}

TEST_P(Restart, what_no_open_attempt_explains_is_killed_and_removed) {
  open();
  const auto worker = run("import time\ntime.sleep(3600)\n", GetParam());
  ASSERT_TRUE(started(worker.worker));
  lose_daemon();
  open(false);
  pool_->adopt({}, {});
  EXPECT_FALSE(alive(worker.process.pid));
  EXPECT_TRUE(run_until([&] { return !std::filesystem::exists(pool_->folder(worker.worker)); }));
}

TEST_P(Restart, a_shutdown_that_spares_busy_workers_leaves_them_running) {
  open();
  const auto worker = run(waits_for(root_ / "flag"), GetParam());
  ASSERT_TRUE(started(worker.worker));
  bool done = false;
  pool_->shutdown(false, [&done] { done = true; });
  ASSERT_TRUE(run_until([&done] { return done; }));
  EXPECT_TRUE(alive(worker.process.pid));
  lose_daemon();
  open(false);
  pool_->adopt({open_attempt(worker)}, {worker.worker});
  std::ofstream(root_ / "flag") << "go on";
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).value_json, "\"whole\"");
}

TEST_P(Restart, a_shutdown_that_kills_leaves_nothing) {
  open();
  const auto worker = run("import time\ntime.sleep(3600)\n", GetParam());
  ASSERT_TRUE(started(worker.worker));
  bool done = false;
  pool_->shutdown(true, [&done] { done = true; });
  ASSERT_TRUE(run_until([&done] { return done; }));
  EXPECT_FALSE(alive(worker.process.pid));
  EXPECT_TRUE(pool_->zygotes().empty());
  EXPECT_TRUE(children_of_ours().empty());
}

INSTANTIATE_TEST_SUITE_P(each, Restart, ::testing::Values(Isolation::fork, Isolation::process),
                         [](const auto& info) { return info.param == Isolation::fork ? "forked" : "cold"; });

}  // namespace
}  // namespace offstage::pool
