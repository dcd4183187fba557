// SPDX-License-Identifier: Apache-2.0
//
// Each kind of change comes back as it was written.
#include "store/writer.h"

#include "fixture.h"

namespace offstage::store {

using core::JobState;

class Writes : public StoreTest {};

TEST_F(Writes, a_new_job_comes_back_with_all_its_columns_also_after_reopening) {
  core::JobInsert insert = new_job(7);
  core::Job& job = insert.job;
  job.id = JobId::random();
  job.revision = 9;
  job.request_hash = {1, 2, 3, 0, 5};
  job.isolation = core::Isolation::fork;
  job.held = true;
  job.delete_when_over = true;
  job.priority = -1000;
  job.retry_on = core::bit(core::Reason::crashed) | core::bit(core::Reason::lost);
  job.cpus = 12;
  job.gpus = 3;
  job.attempts = 2;
  job.max_attempts = 100;
  job.memory_bytes = std::int64_t{1} << 40;
  job.timeouts = {Micros(1), Micros(2), Micros(3), Micros(4), Micros(5)};
  job.start_time = at(55);
  insert.kind = {"4.5.0-bpy", {{"BLENDER_X", "a \"b\"\n"}, {"OCIO", "/x/é"}}};
  insert.display_name = "name";
  insert.labels_json = R"({"a":"1"})";
  insert.spec = std::make_shared<const std::string>("\0binary\xff", 8);
  write({insert}, 9);

  for (int round = 0; round < 2; ++round, reopen()) {
    const auto row = reader().job(job.id);
    ASSERT_TRUE(row);
    const core::Job& read = row->job;
    EXPECT_EQ(read.id, job.id);
    EXPECT_EQ(read.seq, 7);
    EXPECT_EQ(read.revision, 9U);
    EXPECT_EQ(read.request_hash, job.request_hash);
    EXPECT_EQ(read.state, JobState::queued);
    EXPECT_EQ(read.isolation, core::Isolation::fork);
    EXPECT_TRUE(read.held);
    EXPECT_TRUE(read.delete_when_over);
    EXPECT_EQ(read.priority, -1000);
    EXPECT_EQ(read.retry_on, job.retry_on);
    EXPECT_EQ(read.cpus, 12U);
    EXPECT_EQ(read.gpus, 3);
    EXPECT_EQ(read.attempts, 2);
    EXPECT_EQ(read.max_attempts, 100);
    EXPECT_EQ(read.memory_bytes, job.memory_bytes);
    EXPECT_EQ(read.timeouts, job.timeouts);
    EXPECT_EQ(read.create_time, at(7));
    EXPECT_EQ(read.start_time, at(55));
    EXPECT_EQ(row->end_time, Wall{});
    EXPECT_EQ(row->kind, insert.kind);
    EXPECT_EQ(row->display_name, "name");
    EXPECT_EQ(row->labels_json, insert.labels_json);
    EXPECT_EQ(row->spec, *insert.spec);
    EXPECT_EQ(*reader().spec(job.id), *insert.spec);
    EXPECT_EQ(row->progress, -1);
    EXPECT_EQ(row->value_json, "");
  }
  EXPECT_EQ(durable, 9U);
}

TEST_F(Writes, an_update_changes_what_it_carries_and_leaves_the_rest) {
  write({new_job(1), new_job(2)}, 2);
  core::JobUpdate update = update_of(1, 3, JobState::succeeded);
  update.priority = 5;
  update.attempts = 1;
  update.max_attempts = 3;
  update.held = true;
  update.delete_when_over = true;
  update.start_time = at(20);
  update.end_time = at(21);
  update.outcome =
      core::Outcome{.state = core::AttemptState::succeeded, .value_json = "{\"n\": 1208925819614629174706176, \"u\": \"\\u00e9\"}", .warnings_json = "[{}]"};
  update.progress = 0.75;
  update.progress_message = "frame 3";
  write({update}, 3);

  const auto row = reader().job(job_id(1));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->job.state, JobState::succeeded);
  EXPECT_EQ(row->job.revision, 3U);
  EXPECT_EQ(row->job.priority, 5);
  EXPECT_EQ(row->job.attempts, 1);
  EXPECT_EQ(row->job.max_attempts, 3);
  EXPECT_TRUE(row->job.held);
  EXPECT_TRUE(row->job.delete_when_over);
  EXPECT_EQ(row->job.start_time, at(20));
  EXPECT_EQ(row->end_time, at(21));
  EXPECT_EQ(row->value_json, update.outcome->value_json);  // byte for byte
  EXPECT_EQ(row->warnings_json, "[{}]");
  EXPECT_EQ(row->progress, 0.75);
  EXPECT_EQ(row->progress_message, "frame 3");
  EXPECT_EQ(row->spec, "spec 1");
  EXPECT_EQ(row->job.create_time, at(1));
  EXPECT_EQ(reader().job(job_id(2))->job.state, JobState::queued);
}

TEST_F(Writes, a_retry_takes_the_old_outcome_away) {
  write({new_job(1)}, 1);
  core::JobUpdate ended = update_of(1, 2, JobState::failed);
  ended.failure = {.reason = core::Reason::crashed, .message = "it crashed"};
  ended.outcome = core::Outcome{.warnings_json = "[1]"};
  write({ended, update_of(1, 3, JobState::queued)}, 3);
  const auto row = reader().job(job_id(1));
  EXPECT_EQ(row->failure.reason, core::Reason::none);
  EXPECT_EQ(row->warnings_json, "");
}

TEST_F(Writes, a_failure_comes_back_with_its_fields_in_order_and_its_error_byte_for_byte) {
  write({new_job(1)}, 1);
  core::JobUpdate update = update_of(1, 2, JobState::failed);
  update.failure = {.reason = core::Reason::script_error,
                    .message = "NameError: \"x\"",
                    .hint = "look",
                    .fields = {{"z", "1"}, {"a", "two\nlines"}, {"bytes", "\xff"}},
                    .script_error_json = "{ \"type\":\"NameError\",   \"n\": 1e400 }"};
  write({update}, 2);
  const auto failure = reader().job(job_id(1))->failure;
  EXPECT_EQ(failure.reason, core::Reason::script_error);
  EXPECT_EQ(failure.message, update.failure.message);
  EXPECT_EQ(failure.hint, "look");
  EXPECT_EQ(failure.fields, (decltype(failure.fields){{"z", "1"}, {"a", "two\nlines"}, {"bytes", "\xef\xbf\xbd"}}));
  EXPECT_EQ(failure.script_error_json, update.failure.script_error_json);
}

TEST_F(Writes, labels_change_alone) {
  write({new_job(1)}, 1);
  write({core::LabelsUpdate{job_id(1), 2, R"({"k":"v"})"}}, 2);
  const auto row = reader().job(job_id(1));
  EXPECT_EQ(row->labels_json, R"({"k":"v"})");
  EXPECT_EQ(row->job.revision, 2U);
  EXPECT_EQ(row->job.state, JobState::queued);
}

TEST_F(Writes, an_attempt_is_inserted_then_replaced_and_has_its_job_by_id) {
  write({new_job(1)}, 1);
  core::AttemptWrite attempt{.id = attempt_id(1), .job = job_id(1), .job_seq = 1, .number = 1, .process = {4711, 99}, .create_time = at(3)};
  write({attempt}, 0);
  auto read = reader().attempt(attempt_id(1));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->state, core::AttemptState::starting);
  EXPECT_EQ(read->process, (core::ProcessId{4711, 99}));
  EXPECT_FALSE(read->exit);

  attempt.state = core::AttemptState::failed;
  attempt.isolation = core::Isolation::fork;
  attempt.start_time = at(4);
  attempt.end_time = at(5);
  attempt.failure = {.reason = core::Reason::crashed, .message = "SIGSEGV"};
  attempt.exit = core::Exit{0, 11, Micros(7), Micros(8), 9, "memory"};
  write({attempt}, 0);
  read = reader().attempt(attempt_id(1));
  EXPECT_EQ(read->job, job_id(1));
  EXPECT_EQ(read->number, 1U);
  EXPECT_EQ(read->state, core::AttemptState::failed);
  EXPECT_EQ(read->isolation, core::Isolation::fork);
  EXPECT_EQ(read->create_time, at(3));
  EXPECT_EQ(read->start_time, at(4));
  EXPECT_EQ(read->end_time, at(5));
  EXPECT_EQ(read->failure.message, "SIGSEGV");
  ASSERT_TRUE(read->exit);
  EXPECT_EQ(read->exit->exit_code, 0);
  EXPECT_EQ(read->exit->signal, 11);
  EXPECT_EQ(read->exit->user_cpu, Micros(7));
  EXPECT_EQ(read->exit->system_cpu, Micros(8));
  EXPECT_EQ(read->exit->max_rss_bytes, 9);
  EXPECT_EQ(read->exit->killed_by, "memory");
  EXPECT_EQ(reader().attempts(job_id(1)).size(), 1U);
}

TEST_F(Writes, attempts_are_listed_oldest_first_and_those_that_are_open_are_found) {
  write({new_job(1), new_job(2)}, 2);
  core::AttemptWrite second{.id = attempt_id(1), .job = job_id(1), .job_seq = 1, .number = 2, .state = core::AttemptState::running, .process = {1, 2}};
  second.gpus = {"0", "GPU-7f"};
  core::AttemptWrite first{.id = attempt_id(2), .job = job_id(1), .job_seq = 1, .number = 1, .state = core::AttemptState::failed};
  core::AttemptWrite other{.id = attempt_id(3), .job = job_id(2), .job_seq = 2, .number = 1, .state = core::AttemptState::starting};
  write({second, first, other}, 0);

  const auto attempts = reader().attempts(job_id(1));
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[0].number, 1U);
  EXPECT_EQ(attempts[1].number, 2U);
  const auto open = reader().open_attempts();
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open[0].id, attempt_id(1));
  EXPECT_EQ(open[0].job, job_id(1));
  EXPECT_EQ(open[0].process, (core::ProcessId{1, 2}));
  EXPECT_EQ(open[0].gpus, second.gpus);
  EXPECT_EQ(open[1].id, attempt_id(3));
  EXPECT_TRUE(open[1].gpus.empty());
  EXPECT_EQ(reader().all_attempts().size(), 3U);

  write({core::AttemptDelete{attempt_id(1)}}, 0);
  EXPECT_FALSE(reader().attempt(attempt_id(1)));
  EXPECT_EQ(reader().attempts(job_id(1)).size(), 1U);
}

TEST_F(Writes, a_deleted_job_takes_its_spec_and_attempts_along_and_leaves_a_tombstone) {
  write({new_job(1), new_job(2), core::AttemptWrite{.id = attempt_id(1), .job = job_id(1), .job_seq = 1}}, 2);
  write({core::JobDelete{job_id(1), 3, at(100)}}, 3);
  EXPECT_FALSE(reader().job(job_id(1)));
  EXPECT_EQ(reader().spec(job_id(1)), nullptr);
  EXPECT_TRUE(reader().all_attempts().empty());
  const auto page = reader().changes({}, 2, 3, 10);
  ASSERT_EQ(page.deleted.size(), 1U);
  EXPECT_EQ(page.deleted[0].id, job_id(1));
  EXPECT_EQ(page.deleted[0].revision, 3U);
  EXPECT_EQ(reader().last_revision(), 3U);
  EXPECT_TRUE(reader().job(job_id(2)));
}

TEST_F(Writes, tombstones_go_after_an_hour_and_the_horizon_tells) {
  write_jobs(1, 3);
  write({core::JobDelete{job_id(1), 4, at(0)}}, 4);
  write({core::JobDelete{job_id(2), 5, at(3500)}}, 5);
  EXPECT_EQ(reader().oldest_tombstone_horizon(), 0U);
  write({core::JobDelete{job_id(3), 6, at(3601)}}, 6);
  EXPECT_EQ(reader().oldest_tombstone_horizon(), 4U);
  EXPECT_EQ(reader().changes({}, 0, 6, 10).deleted.size(), 2U);
  write({core::JobDelete{job_id(9), 7, at(99'999)}}, 7);  // no such job: the others age all the same
  EXPECT_EQ(reader().oldest_tombstone_horizon(), 6U);
  EXPECT_EQ(reader().last_revision(), 7U);
  reopen();
  EXPECT_EQ(reader().last_revision(), 7U);
  EXPECT_EQ(reader().oldest_tombstone_horizon(), 6U);
}

TEST_F(Writes, changes_of_a_job_that_is_gone_change_nothing) {
  write({update_of(5, 1, JobState::running), core::LabelsUpdate{job_id(5), 2, "{}"}, core::AttemptDelete{attempt_id(5)}}, 2);
  EXPECT_EQ(durable, 2U);
  EXPECT_TRUE(reader().list({}, kNewest, 10, kAll).rows.empty());
}

TEST_F(Writes, large_values_and_specs_come_back) {
  core::JobInsert insert = new_job(1);
  insert.spec = std::make_shared<const std::string>(4 << 20, 'x');
  core::JobUpdate update = update_of(1, 2, JobState::succeeded);
  update.outcome = core::Outcome{.value_json = '"' + std::string(2 << 20, 'v') + '"'};
  write({insert, update}, 2);
  const auto row = reader().job(job_id(1));
  EXPECT_EQ(row->spec, *insert.spec);
  EXPECT_EQ(row->value_json, update.outcome->value_json);
}

}  // namespace offstage::store
