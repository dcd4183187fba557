// SPDX-License-Identifier: Apache-2.0
#include "cli/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/exit_codes.h"
#include "cli/job_json.h"

namespace offstage::cli {
namespace {

TEST(JsonString, reads_back_as_it_was) {
  const std::string text = "q\" b\\ n\n t\t \x01\x7f é";
  EXPECT_EQ(nlohmann::json::parse(json_string(text)).get<std::string>(), text);
}

TEST(JsonNumber, is_the_shortest_that_reads_back) {
  EXPECT_EQ(json_number(0), "0");
  EXPECT_EQ(json_number(0.1), "0.1");
  EXPECT_EQ(json_number(1.0 / 0.0), "null");
}

TEST(JobJson, has_the_fixed_names) {
  Job job{.name = "jobs/1", .id = "1", .state = State::failed, .reason = Reason::script_error};
  job.error = Error{.message = "ValueError: x", .hint = "look", .fields = {{"k", "v"}}};
  job.script_error = ScriptError{.type = "ValueError", .message = "x", .traceback = "Traceback…"};
  job.progress = {.fraction = 0.25, .message = "half of half"};
  const auto json = nlohmann::json::parse(to_json(job, {Attempt{.name = "a", .id = "2", .number = 1, .folder = "/f"}}));
  EXPECT_EQ(json["id"], "1");
  EXPECT_EQ(json["state"], "FAILED");
  EXPECT_EQ(json["reason"], "SCRIPT_ERROR");
  EXPECT_TRUE(json["result"].is_null());
  EXPECT_EQ(json["error"]["message"], "ValueError: x");
  EXPECT_EQ(json["error"]["traceback"], "Traceback…");
  EXPECT_EQ(json["error"]["fields"]["k"], "v");
  EXPECT_EQ(json["progress"], 0.25);
  EXPECT_EQ(json["message"], "half of half");
  EXPECT_EQ(json["attempts"][0]["id"], "2");
  EXPECT_EQ(json["out_dir"], "/f/out");
}

TEST(JobJson, a_result_keeps_its_bytes_and_a_success_has_no_reason) {
  Job job{.id = "1", .state = State::succeeded};
  job.result = JobResult{.value_json = "[1208925819614629174706176,  1.10]"};
  const std::string text = to_json(job, {});
  EXPECT_NE(text.find("\"result\": [1208925819614629174706176,  1.10]"), std::string::npos);
  EXPECT_TRUE(nlohmann::json::parse(text)["reason"].is_null());
  EXPECT_TRUE(nlohmann::json::parse(text)["error"].is_null());
}

TEST(JsonTime, is_rfc_3339_in_utc) {
  EXPECT_EQ(json_time(Time(std::chrono::microseconds(1'769'860'800'123'456))), "\"2026-01-31T12:00:00.123456Z\"");
  EXPECT_EQ(json_time(std::nullopt), "null");
}

TEST(ExitCode, mirrors_the_outcome) {
  EXPECT_EQ(exit_code(Job{.state = State::succeeded}), 0);
  EXPECT_EQ(exit_code(Job{.state = State::failed, .reason = Reason::crashed}), 1);
  EXPECT_EQ(exit_code(Job{.state = State::failed, .reason = Reason::timed_out}), 124);
  EXPECT_EQ(exit_code(Job{.state = State::cancelled}), 130);
  EXPECT_EQ(exit_code(Error{.code = Code::no_daemon}), 3);
  EXPECT_EQ(exit_code(Error{.code = Code::not_found}), 4);
  EXPECT_EQ(exit_code(Error{.code = Code::invalid_argument}), 2);
}

}  // namespace
}  // namespace offstage::cli
