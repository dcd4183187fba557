// SPDX-License-Identifier: Apache-2.0
//
// What Client adds to a Connection: request ids, repetition, resuming.
#include "unit/client/mock_connection.h"

#include <condition_variable>
#include <mutex>

namespace offstage {
namespace {

using ::testing::_;
using ::testing::Field;
using ::testing::InSequence;
using ::testing::NiceMock;
using ::testing::Return;
using ::testing::StartsWith;

class ClientTest : public ::testing::Test {
 protected:
  std::shared_ptr<NiceMock<MockConnection>> connection = std::make_shared<NiceMock<MockConnection>>();
  Client client{connection, hasty()};
};

TEST_F(ClientTest, a_create_always_carries_a_request_id_and_repeats_with_the_same_one) {
  std::vector<std::string> ids;
  EXPECT_CALL(*connection, create_job).WillRepeatedly([&](const CreateRequest& request, auto) -> Result<Job> {
    ids.push_back(request.request_id);
    if (ids.size() < 3) return gone();
    return job_in(State::queued);
  });
  ASSERT_TRUE(client.create(JobSpec{}));
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_EQ(ids[0].size(), 36U);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[0], ids[2]);
}

TEST_F(ClientTest, two_creates_have_different_request_ids) {
  EXPECT_NE(new_request_id(), new_request_id());
  EXPECT_EQ(new_request_id()[14], '4');  // version 4
}

TEST_F(ClientTest, a_refused_create_is_not_repeated) {
  EXPECT_CALL(*connection, create_job).WillOnce(Return(Error{.code = Code::failed_precondition, .reason = "BLEND_NOT_FOUND"}));
  const auto job = client.create(JobSpec{});
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().reason, "BLEND_NOT_FOUND");
}

TEST_F(ClientTest, no_daemon_at_the_first_call_is_an_answer) {
  EXPECT_CALL(*connection, get_job).WillOnce(Return(no_daemon()));
  EXPECT_EQ(client.get("jobs/1").error().code, Code::no_daemon);
}

TEST_F(ClientTest, no_daemon_after_an_answer_is_taken_for_a_restart) {
  EXPECT_CALL(*connection, get_job).WillOnce(Return(job_in(State::queued))).WillOnce(Return(no_daemon())).WillOnce(Return(job_in(State::running)));
  ASSERT_TRUE(client.get("jobs/1"));
  EXPECT_EQ(client.get("jobs/1")->state, State::running);
}

TEST_F(ClientTest, a_daemon_that_stays_away_is_an_error_when_the_deadline_is_over) {
  ClientOptions options = hasty();
  options.call_deadline = std::chrono::milliseconds(30);
  const Client impatient(connection, options);
  EXPECT_CALL(*connection, get_job).WillRepeatedly(Return(gone()));
  EXPECT_EQ(impatient.get("jobs/1").error().code, Code::unavailable);
}

TEST_F(ClientTest, large_parameters_are_refused_with_the_daemons_limit_before_anything_is_sent) {
  Server server;
  server.limits.parameters_bytes = 1 << 20;
  EXPECT_CALL(*connection, get_server).WillOnce(Return(server));
  EXPECT_CALL(*connection, create_job).Times(0);
  JobSpec spec;
  spec.script.parameters_json = "{\"x\": \"" + std::string(100 << 20, 'x') + "\"}";
  const auto job = client.create(std::move(spec));
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().code, Code::invalid_argument);
  EXPECT_EQ(job.error().reason, "PARAMETERS_TOO_LARGE");
  EXPECT_THAT(job.error().message, ::testing::HasSubstr("100 MiB"));
}

TEST_F(ClientTest, a_watch_resumes_after_the_last_event_that_it_had) {
  InSequence order;
  EXPECT_CALL(*connection, watch_jobs(Field(&WatchRequest::resume_token, ""), _, _)).WillOnce([](const auto&, const OnWatch& on_event, const auto&) -> Status {
    on_event({.what = job_in(State::queued), .resume_token = "a"});
    on_event({.what = ProgressUpdate{}, .resume_token = ""});
    return gone();
  });
  EXPECT_CALL(*connection, watch_jobs(Field(&WatchRequest::resume_token, "a"), _, _)).WillOnce(Return(no_daemon()));
  EXPECT_CALL(*connection, watch_jobs(Field(&WatchRequest::resume_token, "a"), _, _)).WillOnce([](const auto&, const OnWatch& on_event, const auto&) -> Status {
    on_event({.what = job_in(State::succeeded), .resume_token = "b"});
    return gone();
  });
  const auto job = client.wait("jobs/1");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->state, State::succeeded);
}

TEST_F(ClientTest, a_reset_forgets_the_resume_token) {
  InSequence order;
  EXPECT_CALL(*connection, watch_jobs).WillOnce([](const auto&, const OnWatch& on_event, const auto&) -> Status {
    on_event({.what = Synced{}, .resume_token = "a"});
    on_event({.what = Reset{}, .resume_token = ""});
    return gone();
  });
  EXPECT_CALL(*connection, watch_jobs(Field(&WatchRequest::resume_token, ""), _, _)).WillOnce([](const auto&, const OnWatch& on_event, const auto&) -> Status {
    on_event({.what = Synced{}, .resume_token = "z"});
    return Done{};
  });
  int events = 0;
  EXPECT_TRUE(client.watch({}, [&](const WatchEvent&) { return ++events < 3; }));
}

TEST_F(ClientTest, a_break_is_told_once) {
  int told = 0;
  ClientOptions options = hasty();
  options.on_reconnect = [&](const Error&) { ++told; };
  const Client talkative(connection, options);
  int calls = 0;
  EXPECT_CALL(*connection, watch_jobs).WillRepeatedly([&](const auto&, const OnWatch& on_event, const auto&) -> Status {
    if (++calls == 1) on_event({.what = Synced{}, .resume_token = "a"});
    if (calls == 6) on_event({.what = job_in(State::failed), .resume_token = "b"});
    return gone();
  });
  ASSERT_TRUE(talkative.wait("jobs/1"));
  EXPECT_EQ(told, 1);
}

TEST_F(ClientTest, a_deleted_job_ends_the_wait) {
  EXPECT_CALL(*connection, watch_jobs).WillOnce([](const auto&, const OnWatch& on_event, const auto&) -> Status {
    on_event({.what = JobDeleted{"jobs/1"}, .resume_token = "a"});
    return Done{};
  });
  EXPECT_EQ(client.wait("jobs/1").error().code, Code::not_found);
}

TEST_F(ClientTest, an_unknown_job_is_not_waited_for) {
  EXPECT_CALL(*connection, watch_jobs).WillOnce(Return(Error{.code = Code::not_found}));
  EXPECT_EQ(client.wait("jobs/1").error().code, Code::not_found);
}

TEST_F(ClientTest, the_result_of_a_job_is_its_value_or_why_there_is_none) {
  Job done = job_in(State::succeeded);
  done.result = JobResult{.value_json = "1e400"};
  Job broken = job_in(State::failed);
  broken.error = Error{.code = Code::unknown, .reason = "EXIT_CODE"};
  EXPECT_CALL(*connection, get_job).WillOnce(Return(done)).WillOnce(Return(broken)).WillOnce(Return(job_in(State::running)));
  EXPECT_EQ(*client.result("jobs/1"), "1e400");
  EXPECT_EQ(client.result("jobs/1").error().reason, "EXIT_CODE");
  EXPECT_EQ(client.result("jobs/1").error().reason, "JOB_NOT_ENDED");
}

TEST_F(ClientTest, a_call_brings_its_answer_to_the_callback) {
  EXPECT_CALL(*connection, get_job("jobs/1", _)).WillOnce(Return(job_in(State::queued)));
  State seen = State::unspecified;
  Call call = client.get("jobs/1", [&](Result<Job> job) { seen = job->state; });
  call.wait();
  EXPECT_EQ(seen, State::queued);
}

TEST_F(ClientTest, a_cancelled_call_stops_its_stream) {
  EXPECT_CALL(*connection, watch_jobs).WillOnce([](const auto&, const auto&, const std::stop_token& stop) -> Status {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait(lock, stop, [] { return false; });
    return Error{.code = Code::cancelled};
  });
  Code code = Code::ok;
  Call call = client.watch(
      {}, [](const auto&) { return true; }, [&](Result<Done> end) { code = end ? Code::ok : end.error().code; });
  call.cancel();
  call.wait();
  EXPECT_EQ(code, Code::cancelled);
}

}  // namespace
}  // namespace offstage
