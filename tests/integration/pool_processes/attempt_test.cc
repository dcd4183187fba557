// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <algorithm>

#include "integration/pool_processes/pool_stage.h"

namespace offstage::pool {
namespace {

class Attempts : public PoolStage, public ::testing::WithParamInterface<core::Isolation> {};

TEST_P(Attempts, a_spare_runs_one_script_and_ends) {
  open();
  const auto worker = run("import offstage\nprint('hello')\noffstage.progress(0.5, 'half')\noffstage.result = {'a': 2 ** 80}\n", GetParam());
  EXPECT_EQ(worker.isolation, GetParam());
  EXPECT_EQ(worker.kind, 7U);
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(started_, std::vector{worker.worker});
  EXPECT_EQ(outcome(worker.worker).state, core::AttemptState::succeeded) << outcome(worker.worker).failure.message;
  EXPECT_EQ(outcome(worker.worker).value_json, R"({"a":1208925819614629174706176})");
  EXPECT_EQ(ended_.at(worker.worker).progress, 0.5);
  EXPECT_EQ(ended_.at(worker.worker).progress_message, "half");
  ASSERT_TRUE(gone_.at(worker.worker).exit);
  EXPECT_EQ(gone_.at(worker.worker).exit->exit_code, 0);
  EXPECT_GT(gone_.at(worker.worker).exit->max_rss_bytes, 0);
  EXPECT_EQ(read_file(pool_->folder(worker.worker) / "log", 1 << 20).value_or(""), "hello\n");
  EXPECT_FALSE(alive(worker.process.pid));
}

TEST_P(Attempts, an_exception_is_the_outcome) {
  open();
  const auto worker = run("raise ValueError('no')\n", GetParam());
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).failure.reason, core::Reason::script_error);
  EXPECT_NE(outcome(worker.worker).failure.script_error_json.find("ValueError"), std::string::npos);
}

TEST_P(Attempts, a_signal_is_a_crash_with_its_name_and_the_last_lines) {
  open();
  const auto worker =
      run("import os, signal\nprint('last words', flush=True)\nopen(os.path.join(os.environ['TMPDIR'], 'x.crash.txt'), 'w').write('a report')\n"
          "os.kill(os.getpid(), signal.SIGSEGV)\n",
          GetParam());
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).failure.reason, core::Reason::crashed);
  EXPECT_EQ(outcome(worker.worker).failure.message, "the script was killed by signal 11 (SIGSEGV: invalid memory access)");
  EXPECT_EQ(fact(worker.worker, "signal"), "SIGSEGV");
  EXPECT_NE(fact(worker.worker, "last_log_lines").find("last words"), std::string::npos);
  EXPECT_EQ(fact(worker.worker, "crash_report"), "a report");
  EXPECT_EQ(gone_.at(worker.worker).exit->signal, SIGSEGV);
}

TEST_P(Attempts, ending_the_process_without_an_outcome_is_a_crash) {
  open();
  const auto worker = run("import os\nos._exit(5)\n", GetParam());
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).failure.reason, core::Reason::crashed);
  EXPECT_EQ(fact(worker.worker, "exit_code"), "5");
}

TEST_P(Attempts, a_script_that_closes_the_socket_still_delivers) {
  open();
  const auto worker = run("import offstage, os\nos.closerange(3, 256)\noffstage.result = 1\n", GetParam());
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).state, core::AttemptState::succeeded) << outcome(worker.worker).failure.message;
}

TEST_P(Attempts, the_flag_ends_a_script_that_looks) {
  open();
  const auto worker = run("import offstage, time\nwhile not offstage.cancelled(): time.sleep(0.01)\n", GetParam());
  ASSERT_TRUE(started(worker.worker));
  pool_->raise_flag(worker.worker, 1);
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).state, core::AttemptState::cancelled);
}

TEST_P(Attempts, a_script_that_ends_by_the_flag_of_a_timeout_has_timed_out) {
  open();
  const auto worker = run("import offstage, time\nwhile not offstage.cancelled(): time.sleep(0.01)\n", GetParam());
  ASSERT_TRUE(started(worker.worker));
  pool_->raise_flag(worker.worker, 2);
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).state, core::AttemptState::failed);
  EXPECT_EQ(outcome(worker.worker).failure.reason, core::Reason::timed_out);
}

TEST_P(Attempts, a_kill_takes_the_whole_tree_also_what_has_left_its_session) {
  open();
  const auto file = root_ / "pids";
  const auto worker =
      run("import os, signal, time\n"
          "if os.fork() == 0:\n"
          "    os.setsid()\n"
          "    if os.fork() == 0:\n"
          "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
          "        open('" +
              file.string() +
              ".tmp', 'w').write(str(os.getpid()))\n"
              "        os.rename('" +
              file.string() + ".tmp', '" + file.string() +
              "')\n"
              "        time.sleep(3600)\n"
              "    os._exit(0)\n"
              "time.sleep(3600)\n",
          GetParam());
  const pid_t stray = std::stoi(wait_for(file));
  pool_->raise_flag(worker.worker, 1);
  pool_->kill(worker.worker);
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).state, core::AttemptState::cancelled);
  EXPECT_FALSE(alive(worker.process.pid));
  EXPECT_FALSE(alive(stray));
}

TEST_P(Attempts, progress_is_read_from_the_page_while_it_runs) {
  open();
  const auto worker = spare(GetParam());
  auto job = assignment(worker.worker, "import offstage, time\noffstage.progress(0.25, 'ein Viertel')\nwhile not offstage.cancelled(): time.sleep(0.01)\n");
  job.watch_progress = true;
  pool_->prepare(job);
  pool_->go(worker.worker);
  ASSERT_TRUE(run_until([&] { return !progressed_.empty(); }));
  const auto progress = pool_->progress(worker.worker);
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->fraction, 0.25);
  EXPECT_EQ(progress->message, "ein Viertel");
  EXPECT_EQ(progress->count, 1U);
  pool_->raise_flag(worker.worker, 1);
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_FALSE(pool_->progress(worker.worker));
}

TEST_P(Attempts, nothing_ran_of_what_was_prepared_and_killed) {
  open();
  const auto worker = spare(GetParam());
  pool_->prepare(assignment(worker.worker, "1\n"));
  pool_->kill(worker.worker);
  ASSERT_TRUE(worker_gone(worker.worker));
  pool_->go(worker.worker);  // late: has no effect
  EXPECT_TRUE(run_until([&] { return !std::filesystem::exists(pool_->folder(worker.worker)); }));
  EXPECT_TRUE(ended_.empty());
}

TEST_P(Attempts, a_spec_that_cannot_be_read_ends_the_attempt) {
  open();
  const auto worker = spare(GetParam());
  core::Assignment broken = assignment(worker.worker, "");
  broken.spec = std::make_shared<const std::string>("\xff\xff");
  pool_->prepare(broken);
  ASSERT_TRUE(gone(worker.worker));
  EXPECT_EQ(outcome(worker.worker).state, core::AttemptState::failed);
}

INSTANTIATE_TEST_SUITE_P(each, Attempts, ::testing::Values(core::Isolation::fork, core::Isolation::process),
                         [](const auto& info) { return info.param == core::Isolation::fork ? "forked" : "cold"; });

}  // namespace
}  // namespace offstage::pool
