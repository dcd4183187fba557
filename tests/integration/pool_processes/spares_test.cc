// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>

#include "integration/pool_processes/pool_stage.h"

namespace offstage::pool {
namespace {

using core::Isolation;
using Spares = PoolStage;

TEST_F(Spares, as_many_are_kept_as_are_wanted) {
  open();
  pool_->want(7, {fake_, {}}, Isolation::fork, 4);
  ASSERT_TRUE(run_until([this] { return idle_.size() == 4; }));
  const auto zygotes = pool_->zygotes();
  unsigned idle = 0;
  for (const auto& zygote : zygotes) idle += zygote.forks ? zygote.idle : 0;
  EXPECT_EQ(idle, 4U);
}

TEST_F(Spares, one_that_was_taken_is_replaced) {
  open();
  const auto worker = run("1\n");
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_TRUE(run_until([this] { return !idle_.empty(); }));
}

TEST_F(Spares, surplus_ones_end_and_are_reported) {
  open();
  pool_->want(7, {fake_, {}}, Isolation::fork, 3);
  ASSERT_TRUE(run_until([this] { return idle_.size() == 3; }));
  pool_->want(7, {fake_, {}}, Isolation::fork, 0);
  ASSERT_TRUE(run_until([this] { return worker_gone_.size() == 3; }));
  EXPECT_TRUE(run_until([this] { return !std::filesystem::exists(pool_->folder(idle_[0].worker)); }));
}

TEST_F(Spares, one_that_is_killed_is_reported_and_replaced) {
  open();
  const auto worker = spare(Isolation::fork);
  ::kill(worker.process.pid, SIGKILL);
  EXPECT_TRUE(worker_gone(worker.worker));
  EXPECT_TRUE(run_until([this] { return !idle_.empty(); }));
}

TEST_F(Spares, a_kind_brings_its_variables) {
  open();
  pool_->want(9, {fake_, {{"LC_TIME", "de_DE"}}}, Isolation::process, 1);
  ASSERT_TRUE(run_until([this] { return !idle_.empty(); }));
  const auto id = idle_.front().worker;
  pool_->prepare(assignment(id, "import offstage, os\noffstage.result = os.environ['LC_TIME']\n"));
  pool_->go(id);
  ASSERT_TRUE(gone(id));
  EXPECT_EQ(outcome(id).value_json, "\"de_DE\"");
}

TEST_F(Spares, no_line_to_a_peer_outlives_an_exec_of_the_daemon) {
  open();
  spare(Isolation::fork);
  int sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    if (!std::filesystem::read_symlink(entry.path(), error).string().starts_with("socket:")) continue;
    ++sockets;
    EXPECT_TRUE(::fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC) << entry.path();
  }
  EXPECT_GE(sockets, 3) << "the door, a zygote and its spare";
}

class Faults : public PoolStage, public ::testing::WithParamInterface<std::pair<const char*, Isolation>> {};

TEST_P(Faults, are_reported_after_three_tries) {
  start_patience_ = std::chrono::seconds(1);
  open();
  const auto [words, isolation] = GetParam();
  pool_->want(8, {fake_, {{"FAKE_BLENDER", words}}}, isolation, 1);
  ASSERT_TRUE(run_until([this] { return !kind_failed_.empty(); }));
  EXPECT_EQ(kind_failed_[0].kind, 8U);
  EXPECT_EQ(kind_failed_[0].isolation, isolation);
  EXPECT_EQ(kind_failed_[0].failure.reason, core::Reason::blender_unavailable);
  EXPECT_FALSE(kind_failed_[0].failure.message.empty());
  EXPECT_TRUE(idle_.empty());
}

INSTANTIATE_TEST_SUITE_P(each, Faults,
                         ::testing::Values(std::pair{"crash_at_start", Isolation::fork}, std::pair{"crash_at_start", Isolation::process},
                                           std::pair{"hang_at_start", Isolation::process}, std::pair{"lie_in_hello", Isolation::fork},
                                           std::pair{"lie_in_nonce", Isolation::process}, std::pair{"never_idle", Isolation::fork},
                                           std::pair{"die_in_frame", Isolation::fork}, std::pair{"huge_frame", Isolation::fork},
                                           std::pair{"garbage", Isolation::process}, std::pair{"unfit", Isolation::fork},
                                           std::pair{"fork_fails", Isolation::fork}),
                         [](const auto& info) { return std::string(info.param.first) + (info.param.second == Isolation::fork ? "_forked" : "_cold"); });

TEST_F(Spares, a_worker_that_dies_at_prepare_has_run_nothing) {
  open();
  const auto worker = spare(Isolation::fork, "die_in_prepare");
  pool_->prepare(assignment(worker.worker, "1\n"));
  pool_->go(worker.worker);
  EXPECT_TRUE(worker_gone(worker.worker));
  EXPECT_TRUE(ended_.empty());
}

TEST_F(Spares, a_blender_that_is_not_there_is_reported_at_once) {
  open();
  pool_->want(5, {"1.0.0-blender", {}}, Isolation::process, 1);
  ASSERT_TRUE(run_until([this] { return !kind_failed_.empty(); }));
  EXPECT_NE(kind_failed_[0].failure.message.find("1.0.0-blender"), std::string::npos);
}

}  // namespace
}  // namespace offstage::pool
