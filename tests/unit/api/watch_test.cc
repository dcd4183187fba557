// SPDX-License-Identifier: Apache-2.0
//
// WatchJobs: snapshot, news, resume, reset, progress.
#include <algorithm>
#include <map>

#include "harness.h"

namespace offstage::api {
namespace {

class WatchTest : public Harness {
 protected:
  using Event = v1::WatchJobsResponse;
  using Stream = Reading<Event>;

  static v1::WatchJobsRequest by_filter(const std::string& filter = "", const std::string& token = "") {
    v1::WatchJobsRequest request;
    request.set_filter(filter);
    request.set_resume_token(token);
    return request;
  }
  /// What comes before Synced, and Synced's token.
  static std::pair<std::vector<Event>, std::string> snapshot(Stream& stream) {
    std::vector<Event> events;
    while (auto event = stream.next()) {
      if (event->has_synced()) return {events, event->resume_token()};
      events.push_back(*event);
    }
    ADD_FAILURE() << "no snapshot: " << stream.end().error_message();
    return {events, ""};
  }
  static std::string about(const Event& event) { return event.has_job() ? event.job().name() : event.deleted(); }
  grpc::Status remove(const std::string& name) {
    v1::DeleteJobRequest request;
    request.set_name(name);
    google::protobuf::Empty empty;
    return jobs_->DeleteJob(context().get(), request, &empty);
  }
};

TEST_F(WatchTest, a_snapshot_comes_first_and_then_every_change) {
  const v1::Job old = create();
  auto stream = watch(by_filter());
  const auto [before, token] = snapshot(stream);
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0].job().name(), old.name());
  EXPECT_NE(token, "");
  const v1::Job fresh = create();
  const auto event = stream.next();
  ASSERT_TRUE(event && event->has_job());
  EXPECT_EQ(event->job().name(), fresh.name());
  EXPECT_NE(event->resume_token(), "");
  EXPECT_EQ(stream.end().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WatchTest, a_large_snapshot_is_complete_and_ordered) {
  v1::BatchCreateJobsRequest batch;
  v1::BatchCreateJobsResponse made;
  for (int i = 0; i < 350; ++i) *batch.add_specs() = script_spec(std::string(20'000, '#'));
  batch.mutable_specs()->DeleteSubrange(150, 200);  // one message holds no more
  ASSERT_TRUE(jobs_->BatchCreateJobs(context().get(), batch, &made).ok());
  ASSERT_TRUE(jobs_->BatchCreateJobs(context().get(), batch, &made).ok());
  auto stream = watch(by_filter());
  const auto [events, token] = snapshot(stream);
  ASSERT_EQ(events.size(), 300U);
  for (std::size_t i = 1; i < events.size(); ++i) EXPECT_LT(events[i - 1].job().revision(), events[i].job().revision());
}

TEST_F(WatchTest, a_resumed_watch_gets_what_it_missed_and_no_snapshot) {
  create();
  auto first = watch(by_filter());
  const auto [before, token] = snapshot(first);
  first.end();
  const v1::Job missed = create();
  auto second = watch(by_filter("", token));
  const auto event = second.next();
  ASSERT_TRUE(event && event->has_job());
  EXPECT_EQ(event->job().name(), missed.name());
  const v1::Job live = create();
  EXPECT_EQ(about(*second.next()), live.name());
}

TEST_F(WatchTest, a_resumed_watch_is_told_of_deletions) {
  const v1::Job job = create();
  auto first = watch(by_filter());
  const auto [before, token] = snapshot(first);
  first.end();
  ASSERT_TRUE(cancel(job.name()).ok());
  ASSERT_TRUE(remove(job.name()).ok());
  auto second = watch(by_filter("", token));
  const auto event = second.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->deleted(), job.name());
}

TEST_F(WatchTest, a_token_of_another_state_is_reset) {
  const v1::Job job = create();
  for (const std::string& token : {std::string("w1.0123456789abcdef.5"), "w1." + store_->state_id() + ".99999999"}) {
    auto stream = watch(by_filter("", token));
    const auto reset = stream.next();
    ASSERT_TRUE(reset && reset->has_reset()) << token;
    const auto [events, fresh] = snapshot(stream);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].job().name(), job.name());
  }
}

TEST_F(WatchTest, a_malformed_token_is_refused) {
  for (const std::string token : {"x", "w1.", "w1.a.", "w1.a.b", "w2.a.1"}) {
    auto stream = watch(by_filter("", token));
    EXPECT_FALSE(stream.next()) << token;
    EXPECT_EQ(reason_of(stream.reader->Finish()), "BAD_RESUME_TOKEN") << token;
  }
}

TEST_F(WatchTest, a_job_that_the_filter_no_longer_lets_through_is_deleted_for_the_watcher) {
  const v1::Job job = create();
  auto stream = watch(by_filter("state = QUEUED"));
  ASSERT_EQ(snapshot(stream).first.size(), 1U);
  ASSERT_TRUE(cancel(job.name()).ok());
  const auto event = stream.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->deleted(), job.name());
}

TEST_F(WatchTest, a_watch_by_name_sees_only_its_jobs_until_the_end) {
  const v1::Job other = create(), job = create();
  v1::WatchJobsRequest request;
  request.add_names(job.name());
  auto stream = watch(request);
  ASSERT_EQ(snapshot(stream).first.size(), 1U);
  ASSERT_TRUE(cancel(other.name()).ok());
  ASSERT_TRUE(cancel(job.name()).ok());
  const auto event = stream.next();
  ASSERT_TRUE(event && event->has_job());
  EXPECT_EQ(event->job().name(), job.name());
  EXPECT_EQ(event->job().state(), v1::STATE_CANCELLED);
  ASSERT_TRUE(remove(job.name()).ok());
  EXPECT_EQ(stream.next()->deleted(), job.name());

  request.set_resume_token(event->resume_token());
  auto resumed = watch(request);
  EXPECT_EQ(resumed.next()->deleted(), job.name());
}

TEST_F(WatchTest, a_watch_by_an_unknown_name_is_refused) {
  v1::WatchJobsRequest request;
  request.add_names("jobs/0123456789abcdef0123456789abcdef");
  auto unknown = watch(request);
  EXPECT_FALSE(unknown.next());
  EXPECT_EQ(reason_of(unknown.reader->Finish()), "JOB_NOT_FOUND");
  request.set_names(0, "jobs/x");
  auto malformed = watch(request);
  EXPECT_FALSE(malformed.next());
  EXPECT_EQ(reason_of(malformed.reader->Finish()), "BAD_NAME");
  request.set_filter("state = QUEUED");
  auto both = watch(request);
  EXPECT_FALSE(both.next());
  EXPECT_EQ(reason_of(both.reader->Finish()), "NAMES_AND_FILTER");
}

TEST_F(WatchTest, progress_reaches_those_who_asked_and_its_newest_value_wins) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  v1::WatchJobsRequest request;
  request.add_names(job.name());
  request.set_include_progress(true);
  auto stream = watch(request);
  snapshot(stream);
  for (const double fraction : {0.1, 0.2, 0.5}) pool_.set_progress(attempt, fraction, "frame");
  while (auto event = stream.next()) {
    if (!event->has_progress()) continue;  // the start becomes durable meanwhile
    EXPECT_EQ(event->progress().name(), job.name());
    EXPECT_EQ(event->resume_token(), "");
    if (event->progress().progress().fraction() == 0.5) return;
  }
  FAIL() << stream.end().error_message();
}

TEST_F(WatchTest, a_stopping_server_ends_watches_and_refuses_new_work) {
  auto stream = watch(by_filter());
  snapshot(stream);
  stop_server();
  EXPECT_FALSE(stream.next());
  const grpc::Status status = stream.reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(reason_of(status), "STOPPING");
  EXPECT_TRUE(detail_of<google::rpc::RetryInfo>(status));
}

TEST_F(WatchTest, a_watcher_that_does_not_read_still_gets_the_last_state) {
  auto stream = watch(by_filter());
  snapshot(stream);
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back(create(script_spec(std::string(200'000, '#'))).name());
  for (const std::string& name : names) ASSERT_TRUE(cancel(name).ok());
  std::map<std::string, v1::State> seen;
  const auto all_cancelled = [&] {
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) { return seen[name] == v1::STATE_CANCELLED; });
  };
  while (!all_cancelled()) {
    const auto event = stream.next();
    ASSERT_TRUE(event && event->has_job());
    seen[event->job().name()] = event->job().state();
  }
}

}  // namespace
}  // namespace offstage::api
