// SPDX-License-Identifier: Apache-2.0
//
// What `offstage show` begins with. Real ones: docs/guides/failures.md.
#include "cli/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offstage::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Job failed_job() {
  Job job{.id = "3fa94c1d22b00000000000000000abcd", .state = State::failed, .reason = Reason::crashed};
  job.spec.script.name = "/shots/turntable.py";
  job.attempt_count = 1;
  job.error = Error{.message = "it was killed", .hint = "look at the log", .fields = {{"signal", "SIGSEGV"}, {"last_log_lines", "one\ntwo"}}};
  return job;
}

Attempt an_attempt() {
  Attempt attempt{.number = 1, .state = AttemptState::failed, .reason = Reason::crashed, .pid = 4711, .isolation = Isolation::fork, .blender = "4.5.3-blender"};
  attempt.start_time = Time(std::chrono::seconds(1000));
  attempt.end_time = Time(std::chrono::milliseconds(1'002'310));
  attempt.usage.max_rss_bytes = 96 << 20;
  return attempt;
}

TEST(Failure, says_what_happened_to_what_and_what_to_do_in_this_order) {
  EXPECT_THAT(
      failure_text(failed_job(), {an_attempt()}),
      StartsWith(
          "FAILED CRASHED\n\n"
          "what          it was killed\n"
          "to what       /shots/turntable.py, attempt 1 of 1: process 4711, forked from Blender 4.5.3-blender, after 2.31s; its memory was 96 MiB at most\n"
          "what to do    look at the log\n"
          "more          `offstage logs 3fa94c1d22b0`;"));
}

TEST(Failure, long_facts_come_last_each_under_a_heading) {
  const std::string text = failure_text(failed_job(), {an_attempt()});
  EXPECT_THAT(text, HasSubstr("\nsignal        SIGSEGV\n\nlast words\n    one\n    two\n"));
  EXPECT_THAT(text, Not(HasSubstr("last_log_lines")));
}

TEST(Failure, a_job_that_never_began_says_so) { EXPECT_THAT(failure_text(failed_job(), {}), HasSubstr("turntable.py, before its first attempt\n")); }

TEST(Failure, of_a_long_report_the_beginning_is_shown_and_of_last_words_the_end) {
  Job job = failed_job();
  std::string lines;
  for (int i = 1; i <= 50; ++i) lines += "line " + std::to_string(i) + "\n";
  job.error->fields = {{"crash_report", lines}, {"last_log_lines", lines}};
  const std::string text = failure_text(job, {});
  EXPECT_THAT(text, HasSubstr("last words\n    …\n    line 31\n"));
  EXPECT_THAT(text, HasSubstr("crash report\n    line 1\n"));
  EXPECT_THAT(text, HasSubstr("    line 20\n    … (30 lines more in the bundle)\n"));
}

TEST(Failure, text_of_scripts_does_nothing_to_a_terminal) {
  Job job = failed_job();
  job.error->message = "a\x1b[2Jb";
  job.error->fields = {{"last_log_lines", "c\x1b[2Jd"}};
  EXPECT_THAT(failure_text(job, {}), Not(HasSubstr("\x1b")));
}

TEST(Failure, a_cancel_says_by_whom_and_a_success_nothing) {
  Job job{.state = State::cancelled};
  EXPECT_EQ(failure_text(job, {}), "CANCELLED  by somebody\n");
  job.cancelled_by = "alice@desk, with offstage/0.1.0";
  EXPECT_EQ(failure_text(job, {}), "CANCELLED  by alice@desk, with offstage/0.1.0\n");
  job.state = State::succeeded;
  EXPECT_EQ(failure_text(job, {}), "");
}

}  // namespace
}  // namespace offstage::cli
