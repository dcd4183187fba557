// SPDX-License-Identifier: Apache-2.0
#include "pool/records.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include "unit/pool/temp_folder.h"

namespace offstage::pool {
namespace {

const AttemptId id = AttemptId::parse("0123456789abcdef0123456789abcdef").value();
const std::string mine = R"("attempt":"0123456789abcdef0123456789abcdef")";

std::string outcome_file(const std::string& json) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  ::SHA256(reinterpret_cast<const unsigned char*>(json.data()), json.size(), digest);
  return "OFFSTAGE-OUTCOME 1 " + std::to_string(json.size()) + " " + to_hex(digest, sizeof digest) + "\n" + json;
}

TEST(Outcome, a_value_comes_exactly_as_the_script_made_it) {
  const auto outcome = parse_outcome(outcome_file("{" + mine + R"(,"state":"succeeded","value_json":"[1208925819614629174706176, 1.0e5]"})"), id);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->state, core::AttemptState::succeeded);
  EXPECT_EQ(outcome->value_json, "[1208925819614629174706176, 1.0e5]");
}

TEST(Outcome, without_a_value_it_is_null) { EXPECT_EQ(parse_outcome(outcome_file("{" + mine + R"(,"state":"succeeded"})"), id)->value_json, "null"); }

TEST(Outcome, a_failure_brings_reason_message_and_frames) {
  const auto outcome =
      parse_outcome(outcome_file("{" + mine +
                                 R"(,"state":"failed","reason":"SCRIPT_ERROR","message":"ValueError: no","error":{"type":"ValueError","frames":[{"line":3}]},)"
                                 R"("warnings":[{"code":"X","message":"y"}]})"),
                    id);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->state, core::AttemptState::failed);
  EXPECT_EQ(outcome->failure.reason, core::Reason::script_error);
  EXPECT_EQ(outcome->failure.message, "ValueError: no");
  EXPECT_EQ(outcome->failure.script_error_json, R"({"frames":[{"line":3}],"type":"ValueError"})");
  EXPECT_EQ(outcome->warnings_json, R"([{"code":"X","message":"y"}])");
}

TEST(Outcome, an_exit_code_is_a_fact_of_the_failure) {
  const auto outcome = parse_outcome(outcome_file("{" + mine + R"(,"state":"failed","reason":"EXIT_CODE","exit_code":3})"), id);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->failure.reason, core::Reason::exit_code);
  EXPECT_EQ(outcome->failure.fields, (std::vector<std::pair<std::string, std::string>>{{"exit_code", "3"}}));
}

TEST(Outcome, it_tells_of_result_files_where_there_are_some) {
  const std::string told = R"(,"state":"succeeded","files":{"count":2,"bytes":7,"sha256":"ab"}})";
  const auto outcome = parse_outcome(outcome_file("{" + mine + told), id);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->files.count, 2);
  EXPECT_EQ(outcome->files.bytes, 7);
  EXPECT_EQ(outcome->files.manifest_sha256, "ab");
  EXPECT_EQ(parse_outcome(outcome_file("{" + mine + R"(,"state":"succeeded"})"), id)->files.manifest_sha256, "");
  EXPECT_FALSE(parse_outcome(outcome_file("{" + mine + R"(,"state":"succeeded","files":{"count":"two"}})"), id));
}

TEST(Outcome, a_truncated_one_is_none_wherever_it_is_cut) {
  const std::string whole = outcome_file("{" + mine + R"(,"state":"succeeded","value_json":"1"})");
  ASSERT_TRUE(parse_outcome(whole, id));
  for (std::size_t length = 0; length < whole.size(); ++length) EXPECT_FALSE(parse_outcome(whole.substr(0, length), id)) << length;
  EXPECT_FALSE(parse_outcome(whole + " ", id));
}

TEST(Outcome, one_changed_byte_makes_it_none) {
  const std::string whole = outcome_file("{" + mine + R"(,"state":"succeeded","value_json":"1"})");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(parse_outcome(changed, id)) << at;
  }
}

TEST(Outcome, whole_but_wrong_is_none) {
  for (const char* json : {"[]", "7", "", "{", R"({"state":"succeeded"})", R"({"attempt":"ffffffffffffffffffffffffffffffff","state":"succeeded"})"}) {
    EXPECT_FALSE(parse_outcome(outcome_file(json), id)) << json;
  }
  EXPECT_FALSE(parse_outcome(outcome_file("{" + mine + R"(,"state":"perhaps"})"), id));
  EXPECT_FALSE(parse_outcome(outcome_file("{" + mine + R"(,"state":"succeeded","value_json":7})"), id));
  EXPECT_FALSE(parse_outcome(outcome_file("{" + mine + ",\"state\":\"failed\",\"message\":\"\xff\"}"), id));
}

TEST(ExitRecord, survives_being_written_and_read) {
  ExitRecord record;
  record.process = {42, 4711};
  record.exit.signal = 11;
  record.exit.user_cpu = Micros(1'500'000);
  record.exit.max_rss_bytes = 123456789;
  record.exit.killed_by = "memory";
  record.strays_killed = 2;
  const auto read = parse_exit(format_exit(record, id), id);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->process, record.process);
  EXPECT_EQ(read->exit.signal, 11);
  EXPECT_EQ(read->exit.user_cpu, Micros(1'500'000));
  EXPECT_EQ(read->exit.max_rss_bytes, 123456789);
  EXPECT_EQ(read->exit.killed_by, "memory");
  EXPECT_EQ(read->strays_killed, 2U);
  EXPECT_FALSE(parse_exit(format_exit(record, AttemptId::random()), id));
}

TEST(ExitRecord, numbers_beyond_sense_do_no_harm) {
  EXPECT_TRUE(parse_exit_json("{" + mine + R"(,"user_s":1e300,"system_s":-5})", id));
  EXPECT_FALSE(parse_exit_json("{" + mine + R"(,"pid":"many"})", id));
}

TEST(ExitRecord, is_in_its_place_whole_or_not_at_all) {
  const TempFolder folder;
  EXPECT_FALSE(read_exit(folder.path, id));
  EXPECT_TRUE(write_exit(folder.path, {}, id));
  EXPECT_TRUE(read_exit(folder.path, id));
  EXPECT_FALSE(std::filesystem::exists(folder.path / "exit.tmp"));
  EXPECT_FALSE(write_exit(folder.path / "missing", {}, id));
}

TEST(Outcome, a_link_or_a_pipe_in_its_place_is_none) {
  const TempFolder folder;
  std::filesystem::create_symlink(folder.write("elsewhere", outcome_file("{" + mine + R"(,"state":"succeeded"})")), folder.path / "outcome");
  EXPECT_FALSE(read_outcome(folder.path, id));
  std::filesystem::remove(folder.path / "outcome");
  ASSERT_EQ(::mkfifo((folder.path / "outcome").c_str(), 0600), 0);
  EXPECT_FALSE(read_outcome(folder.path, id));
}

}  // namespace
}  // namespace offstage::pool
