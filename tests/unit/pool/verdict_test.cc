// SPDX-License-Identifier: Apache-2.0
#include "pool/verdict.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "pool/crash_report.h"
#include "unit/pool/temp_folder.h"

namespace offstage::pool {
namespace {

Death by_signal(int signal, std::string killed_by = {}) {
  Death death;
  death.exit = core::Exit{};
  death.exit->signal = signal;
  death.exit->killed_by = std::move(killed_by);
  return death;
}

core::Reason reason(const Death& death) { return verdict(death, "/nonexistent").failure.reason; }

core::Failure failure(const Death& death) { return verdict(death, "/nonexistent").failure; }
std::string field(const core::Failure& failure, const std::string& key) {
  for (const auto& [name, value] : failure.fields) {
    if (name == key) return value;
  }
  return "";
}

TEST(Verdict, a_signal_is_a_crash_and_named) {
  const auto crash = failure(by_signal(SIGSEGV));
  EXPECT_EQ(crash.reason, core::Reason::crashed);
  EXPECT_EQ(crash.message, "the script was killed by signal 11 (SIGSEGV: invalid memory access)");
  EXPECT_EQ(crash.fields, (std::vector<std::pair<std::string, std::string>>{{"signal", "SIGSEGV"}}));
}

TEST(Verdict, a_signal_that_a_process_does_not_give_itself_was_sent_by_somebody_else) {
  for (const int signal : {SIGKILL, SIGTERM, SIGINT, SIGHUP}) {
    const auto killed = failure(by_signal(signal));
    EXPECT_EQ(killed.reason, core::Reason::crashed);
    EXPECT_EQ(killed.message, "the script was killed by signal " + std::to_string(signal) + " (" + signal_name(signal) + ") that none of us sent");
    EXPECT_NE(killed.hint.find("somebody else"), std::string::npos);
  }
}

TEST(Verdict, a_sigkill_is_want_of_memory_only_by_the_keepers_or_the_kernels_word) {
  EXPECT_EQ(reason(by_signal(SIGKILL)), core::Reason::crashed);
  Death limited = by_signal(SIGKILL, "memory");
  limited.memory_limit = std::int64_t{2} << 30;
  EXPECT_EQ(failure(limited).message, "the script used more memory than its limit of 2 GiB, and was ended");
  EXPECT_EQ(field(failure(limited), "memory_limit"), "2 GiB");
  const auto kernel = failure(by_signal(SIGKILL, "oom"));
  EXPECT_EQ(kernel.reason, core::Reason::out_of_memory);
  EXPECT_EQ(kernel.message, "the kernel killed the script for want of memory (SIGKILL)");
}

TEST(Verdict, an_abort_is_want_of_memory_if_there_is_a_limit_and_the_log_says_so) {
  for (const char* words : {"terminate called after throwing an instance of 'std::bad_alloc'\n", "Malloc returns null: len=100000000 in Mesh, total 5\n"}) {
    const TempFolder folder;
    folder.write("log", words);
    Death death = by_signal(SIGABRT);
    EXPECT_EQ(verdict(death, folder.path).failure.reason, core::Reason::crashed) << "no limit";
    death.memory_limit = 1 << 28;
    EXPECT_EQ(verdict(death, folder.path).failure.reason, core::Reason::out_of_memory);
    EXPECT_EQ(field(verdict(death, folder.path).failure, "signal"), "SIGABRT");
    EXPECT_EQ(failure(death).reason, core::Reason::crashed) << "the log says nothing";
  }
}

TEST(Verdict, a_timeout_says_which_it_was) {
  for (const auto& [flag, name] : {std::pair{2, "run"}, {3, "progress"}, {4, "start"}}) {
    Death death = by_signal(SIGKILL);
    death.killed_by_us = true;
    death.flag = flag;
    EXPECT_EQ(failure(death).reason, core::Reason::timed_out);
    EXPECT_EQ(field(failure(death), "timeout"), name);
  }
  EXPECT_EQ(field(failure(by_signal(SIGKILL, "deadline")), "timeout"), "run");
}

TEST(Verdict, no_room_for_the_outcome_is_a_full_disk_and_not_an_exit_code) {
  Death death;
  death.exit = core::Exit{};
  death.exit->exit_code = 1;
  death.no_room = true;
  EXPECT_EQ(failure(death).reason, core::Reason::disk_full);
}

TEST(Verdict, who_was_condemned_for_a_limit_fails_for_it_and_not_for_the_kill) {
  Death death = by_signal(SIGKILL, "kill");
  death.killed_by_us = true;
  death.sentence = core::Failure{core::Reason::disk_full, "too large", "write less", {}, {}};
  EXPECT_EQ(failure(death).reason, core::Reason::disk_full);
  EXPECT_EQ(failure(death).message, "too large");
}

TEST(Verdict, every_failure_says_what_to_do) {
  for (const auto& death :
       {by_signal(SIGSEGV), by_signal(SIGKILL), by_signal(SIGKILL, "memory"), by_signal(SIGKILL, "oom"), by_signal(SIGKILL, "deadline"), Death{}}) {
    EXPECT_FALSE(failure(death).hint.empty()) << failure(death).message;
  }
}

TEST(Verdict, what_the_keeper_did_decides_before_the_flag) {
  EXPECT_EQ(reason(by_signal(SIGKILL, "memory")), core::Reason::out_of_memory);
  EXPECT_EQ(reason(by_signal(SIGKILL, "deadline")), core::Reason::timed_out);
  Death flagged = by_signal(SIGKILL, "memory");
  flagged.flag = 1;
  EXPECT_EQ(reason(flagged), core::Reason::out_of_memory);
}

TEST(Verdict, our_own_kill_means_what_it_was_for) {
  Death death = by_signal(SIGKILL);
  death.killed_by_us = true;
  EXPECT_EQ(verdict(death, "/nonexistent").state, core::AttemptState::cancelled);
  death.flag = 1;
  EXPECT_EQ(verdict(death, "/nonexistent").state, core::AttemptState::cancelled);
  death.flag = 2;
  EXPECT_EQ(reason(death), core::Reason::timed_out);
}

TEST(Verdict, an_end_without_an_outcome_tells_its_exit_code) {
  Death death;
  death.exit = core::Exit{};
  death.exit->exit_code = 5;
  const auto outcome = verdict(death, "/nonexistent");
  EXPECT_EQ(outcome.failure.reason, core::Reason::crashed);
  EXPECT_EQ(outcome.failure.message, "the process ended with exit code 5 without an outcome");
}

TEST(Verdict, only_an_unwatched_death_that_nobody_recorded_is_lost_to_a_restart) {
  Death death;
  death.watched = false;
  EXPECT_EQ(verdict(death, "/nonexistent").failure.message, "the worker died while no daemon was watching");
  death.exit = by_signal(SIGABRT).exit;
  EXPECT_EQ(reason(death), core::Reason::crashed);
}

TEST(Verdict, brings_the_crash_report_and_the_last_twenty_lines) {
  const TempFolder folder;
  std::string log;
  for (int i = 1; i <= 100; ++i) log += "line " + std::to_string(i) + "\n";
  folder.write("log", log);
  folder.write("tmp/blender.crash.txt", std::string(10'000, 'r'));
  const auto fields = verdict(by_signal(SIGSEGV), folder.path).failure.fields;
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields[1].second, std::string(4096, 'r'));
  EXPECT_TRUE(fields[2].second.starts_with("line 81\n")) << fields[2].second;
  EXPECT_TRUE(fields[2].second.ends_with("line 100"));
}

TEST(CrashReport, outlives_the_temporary_folder) {
  const TempFolder folder;
  folder.write("tmp/blender.crash.txt", "backtrace");
  keep_crash_report(folder.path);
  std::filesystem::remove_all(folder.path / "tmp");
  EXPECT_EQ(crash_report(folder.path), "backtrace");
  keep_crash_report(folder.path);
  EXPECT_EQ(crash_report(folder.path), "backtrace");
}

}  // namespace
}  // namespace offstage::pool
