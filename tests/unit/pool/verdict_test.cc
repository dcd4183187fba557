// SPDX-License-Identifier: Apache-2.0
#include "pool/verdict.h"

#include <gtest/gtest.h>
#include <signal.h>

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

TEST(Verdict, a_signal_is_a_crash_and_named) {
  const auto outcome = verdict(by_signal(SIGSEGV), "/nonexistent");
  EXPECT_EQ(outcome.failure.reason, core::Reason::crashed);
  EXPECT_EQ(outcome.failure.message, "the script was killed by signal 11 (SIGSEGV: invalid memory access)");
  EXPECT_EQ(outcome.failure.fields, (std::vector<std::pair<std::string, std::string>>{{"signal", "SIGSEGV"}}));
  EXPECT_NE(verdict(by_signal(SIGKILL), "/nonexistent").failure.message.find("none of us"), std::string::npos);
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

}  // namespace
}  // namespace offstage::pool
