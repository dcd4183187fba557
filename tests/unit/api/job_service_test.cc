// SPDX-License-Identifier: Apache-2.0
//
// Create, get, list, update, cancel, retry, delete: over gRPC, against the real store and core.
#include "harness.h"

namespace offstage::api {
namespace {

class JobServiceTest : public Harness {
 protected:
  v1::ListJobsResponse list(const std::string& filter, int page_size = 0, const std::string& token = "") {
    v1::ListJobsRequest request;
    request.set_filter(filter);
    request.set_page_size(page_size);
    request.set_page_token(token);
    v1::ListJobsResponse response;
    const grpc::Status status = jobs_->ListJobs(context().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  grpc::Status update(const v1::Job& job, const std::vector<std::string>& paths, v1::Job* out = nullptr) {
    v1::UpdateJobRequest request;
    *request.mutable_job() = job;
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    v1::Job ignored;
    return jobs_->UpdateJob(context().get(), request, out ? out : &ignored);
  }
  grpc::Status remove(const std::string& name, bool force) {
    v1::DeleteJobRequest request;
    request.set_name(name);
    request.set_force(force);
    google::protobuf::Empty empty;
    return jobs_->DeleteJob(context().get(), request, &empty);
  }
};

TEST_F(JobServiceTest, a_created_job_is_durable_and_whole) {
  v1::JobSpec spec = script_spec("print(1)\n");
  spec.mutable_script()->set_name("/home/u/shot.py");
  spec.mutable_script()->set_parameters_json(R"({"n": 1208925819614629174706176})");
  (*spec.mutable_labels())["shot"] = "010";
  spec.set_priority(5);
  const v1::Job made = create(spec);
  EXPECT_EQ(made.state(), v1::STATE_QUEUED);
  EXPECT_EQ(made.name(), "jobs/" + made.uid());
  EXPECT_EQ(made.blender(), "blenders/4.5.1-blender");
  EXPECT_EQ(made.spec().display_name(), "shot.py");
  const v1::Job read = get(made.name());
  EXPECT_EQ(read.SerializeAsString(), made.SerializeAsString());
  EXPECT_EQ(read.spec().script().parameters_json(), spec.script().parameters_json());
}

TEST_F(JobServiceTest, the_same_request_id_gives_the_same_job_and_another_body_is_refused) {
  const std::string id = "0b9e4a3c-2f0d-4c3e-9a51-7a1f6e9d0c11";
  v1::Job first, again;
  ASSERT_TRUE(try_create(script_spec(), id, &first).ok());
  ASSERT_TRUE(try_create(script_spec(), id, &again).ok());
  EXPECT_EQ(first.name(), again.name());
  const grpc::Status other = try_create(script_spec("other\n"), id);
  EXPECT_EQ(other.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(reason_of(other), "REQUEST_ID_REUSED");
  EXPECT_EQ(detail_of<google::rpc::ResourceInfo>(other)->resource_name(), first.name());
  EXPECT_EQ(list("").jobs_size(), 1);
}

TEST_F(JobServiceTest, a_repeated_submit_of_an_ended_job_returns_it_even_without_its_script) {
  const std::string id = "5d3b1f9e-8f4c-4e55-8b1a-bb6d1c0f1e22";
  const auto path = folder_.write("x.py", "pass\n");
  v1::JobSpec spec;
  spec.mutable_script()->set_path(path.string());
  v1::Job job, again;
  ASSERT_TRUE(try_create(spec, id, &job).ok());
  succeed(start(job), "[1]");
  wait_for(job.name(), v1::STATE_SUCCEEDED);
  std::filesystem::remove(path);
  ASSERT_TRUE(try_create(spec, id, &again).ok());
  EXPECT_EQ(again.state(), v1::STATE_SUCCEEDED);
  EXPECT_EQ(again.result().value_json(), "[1]");
}

TEST_F(JobServiceTest, a_script_by_path_runs_as_it_was_at_submit) {
  const auto path = folder_.write("x.py", "first\n");
  v1::JobSpec spec;
  spec.mutable_script()->set_path(path.string());
  const v1::Job job = create(spec);
  folder_.write("x.py", "second\n");
  EXPECT_EQ(get(job.name()).spec().script().text(), "first\n");
  EXPECT_EQ(get(job.name()).spec().script().name(), path.string());
}

TEST_F(JobServiceTest, validate_only_creates_nothing) {
  v1::CreateJobRequest request;
  *request.mutable_spec() = script_spec();
  request.set_validate_only(true);
  v1::Job job;
  ASSERT_TRUE(jobs_->CreateJob(context().get(), request, &job).ok());
  EXPECT_EQ(job.name(), "");
  EXPECT_EQ(job.blender(), "blenders/4.5.1-blender");
  EXPECT_EQ(list("").jobs_size(), 0);
}

TEST_F(JobServiceTest, a_batch_is_all_or_nothing) {
  v1::BatchCreateJobsRequest request;
  v1::BatchCreateJobsResponse response;
  for (int i = 0; i < 3; ++i) *request.add_specs() = script_spec();
  request.mutable_specs(2)->set_priority(5000);
  const grpc::Status status = jobs_->BatchCreateJobs(context().get(), request, &response);
  EXPECT_EQ(reason_of(status), "BAD_PRIORITY");
  EXPECT_EQ(detail_of<google::rpc::BadRequest>(status)->field_violations(0).field(), "specs[2].priority");
  EXPECT_EQ(list("").jobs_size(), 0);
  request.mutable_specs(2)->set_priority(0);
  ASSERT_TRUE(jobs_->BatchCreateJobs(context().get(), request, &response).ok());
  EXPECT_EQ(response.jobs_size(), 3);
  EXPECT_EQ(list("").jobs_size(), 3);
}

TEST_F(JobServiceTest, pages_are_newest_first_and_complete) {
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) names.push_back(create().name());
  const auto first = list("", 3), second = list("", 3, first.next_page_token());
  ASSERT_EQ(first.jobs_size(), 3);
  ASSERT_EQ(second.jobs_size(), 2);
  EXPECT_EQ(first.jobs(0).name(), names[4]);
  EXPECT_EQ(second.jobs(1).name(), names[0]);
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(JobServiceTest, filters_and_tokens_that_are_wrong_are_refused) {
  v1::ListJobsRequest request;
  v1::ListJobsResponse response;
  request.set_filter("state ~ QUEUED");
  EXPECT_EQ(reason_of(jobs_->ListJobs(context().get(), request, &response)), "BAD_FILTER");
  request.set_filter("");
  request.set_page_token("17");
  EXPECT_EQ(reason_of(jobs_->ListJobs(context().get(), request, &response)), "BAD_PAGE_TOKEN");
  request.set_page_token("");
  request.set_page_size(-1);
  EXPECT_EQ(reason_of(jobs_->ListJobs(context().get(), request, &response)), "BAD_PAGE_SIZE");
}

TEST_F(JobServiceTest, a_failed_job_tells_why_in_parts) {
  const v1::Job job = create();
  core::Failure failure;
  failure.reason = core::Reason::script_error;
  failure.message = "ValueError: no frame";
  failure.script_error_json =
      R"({"type": "ValueError", "message": "no frame", "traceback": "T", "frames": [{"file": "/x.py", "line": 3, "function": "f", "source": "raise", "column": 0}]})";
  fail(start(job), failure);
  const v1::Job failed = wait_for(job.name(), v1::STATE_FAILED);
  EXPECT_EQ(failed.reason(), v1::REASON_SCRIPT_ERROR);
  EXPECT_EQ(failed.error().message(), "ValueError: no frame");
  EXPECT_EQ(failed.script_error().type(), "ValueError");
  ASSERT_EQ(failed.script_error().frames_size(), 1);
  EXPECT_EQ(failed.script_error().frames(0).line(), 3U);
}

TEST_F(JobServiceTest, tasks_show_their_attempts) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  v1::ListTasksRequest request;
  request.set_parent(job.name());
  v1::ListTasksResponse response;
  ASSERT_TRUE(jobs_->ListTasks(context().get(), request, &response).ok());
  ASSERT_EQ(response.tasks_size(), 1);
  ASSERT_EQ(response.tasks(0).attempts_size(), 1);
  EXPECT_EQ(response.tasks(0).attempts(0).uid(), attempt.hex());
  EXPECT_EQ(response.tasks(0).attempts(0).pid(), 4711);
}

TEST_F(JobServiceTest, live_progress_is_laid_over_a_running_job) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  pool_.set_progress(attempt, 0.25, "frame 6");
  EXPECT_DOUBLE_EQ(get(job.name()).progress().fraction(), 0.25);
  EXPECT_EQ(get(job.name()).progress().message(), "frame 6");
}

TEST_F(JobServiceTest, an_update_with_a_stale_etag_is_aborted) {
  v1::Job job = create(), changed;
  job.set_priority(7);
  ASSERT_TRUE(update(job, {"priority"}, &changed).ok());
  EXPECT_EQ(changed.priority(), 7);
  EXPECT_NE(changed.etag(), job.etag());
  const grpc::Status stale = update(job, {"priority"});
  EXPECT_EQ(stale.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(reason_of(stale), "ETAG_STALE");
}

TEST_F(JobServiceTest, held_and_labels_change_and_nothing_else) {
  v1::Job job = create(), changed;
  job.clear_etag();
  job.set_held(true);
  (*job.mutable_labels())["a"] = "b";
  ASSERT_TRUE(update(job, {"held", "labels"}, &changed).ok());
  EXPECT_EQ(changed.state(), v1::STATE_HELD);
  EXPECT_EQ(changed.labels().at("a"), "b");
  EXPECT_EQ(reason_of(update(job, {"spec"})), "BAD_UPDATE_MASK");
  (*job.mutable_labels())["BAD"] = "b";
  EXPECT_EQ(detail_of<google::rpc::BadRequest>(update(job, {"labels"}))->field_violations(0).field(), "job.labels");
}

TEST_F(JobServiceTest, of_an_ended_job_only_labels_change) {
  v1::Job job = create(), changed;
  succeed(start(job));
  wait_for(job.name(), v1::STATE_SUCCEEDED);
  job.clear_etag();
  (*job.mutable_labels())["seen"] = "yes";
  EXPECT_EQ(reason_of(update(job, {"priority"})), "JOB_ENDED");
  ASSERT_TRUE(update(job, {"labels"}, &changed).ok());
  EXPECT_EQ(changed.labels().at("seen"), "yes");
}

TEST_F(JobServiceTest, a_queued_job_is_cancelled_at_once_and_an_ended_one_is_returned_as_it_is) {
  const v1::Job job = create();
  v1::Job cancelled, again;
  ASSERT_TRUE(cancel(job.name(), &cancelled).ok());
  EXPECT_EQ(cancelled.state(), v1::STATE_CANCELLED);
  ASSERT_TRUE(cancel(job.name(), &again).ok());
  EXPECT_EQ(again.SerializeAsString(), cancelled.SerializeAsString());
}

TEST_F(JobServiceTest, a_running_job_is_cancelling_until_it_is_dead) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  v1::Job cancelling;
  ASSERT_TRUE(cancel(job.name(), &cancelling).ok());
  EXPECT_EQ(cancelling.state(), v1::STATE_CANCELLING);
  core::AttemptEnded ended;
  ended.attempt = attempt;
  ended.outcome.state = core::AttemptState::cancelled;
  on_core([&] {
    engine_->apply(ended, Now::read());
    engine_->apply(core::AttemptGone{attempt, core::Exit{}}, Now::read());
  });
  wait_for(job.name(), v1::STATE_CANCELLED);
}

TEST_F(JobServiceTest, a_failed_job_can_be_retried_and_a_succeeded_one_not) {
  v1::RetryJobRequest request;
  v1::Job retried;
  const v1::Job job = create();
  request.set_name(job.name());
  EXPECT_EQ(reason_of(jobs_->RetryJob(context().get(), request, &retried)), "JOB_NOT_ENDED");
  core::Failure failure;
  failure.reason = core::Reason::exit_code;
  fail(start(job), failure);
  wait_for(job.name(), v1::STATE_FAILED);
  ASSERT_TRUE(jobs_->RetryJob(context().get(), request, &retried).ok());
  EXPECT_EQ(retried.state(), v1::STATE_QUEUED);
  succeed(start(job));
  wait_for(job.name(), v1::STATE_SUCCEEDED);
  EXPECT_EQ(reason_of(jobs_->RetryJob(context().get(), request, &retried)), "JOB_SUCCEEDED");
}

TEST_F(JobServiceTest, only_ended_jobs_are_deleted_and_their_folders_forgotten) {
  const v1::Job job = create();
  EXPECT_EQ(reason_of(remove(job.name(), false)), "JOB_NOT_ENDED");
  const AttemptId attempt = start(job);
  succeed(attempt);
  wait_for(job.name(), v1::STATE_SUCCEEDED);
  ASSERT_TRUE(remove(job.name(), false).ok());
  EXPECT_EQ(reason_of(remove(job.name(), false)), "JOB_NOT_FOUND");
  EXPECT_EQ(on_core([&] { return pool_.forgotten; }), std::vector{attempt});
}

TEST_F(JobServiceTest, malformed_names_differ_from_unknown_ones) {
  v1::GetJobRequest request;
  v1::Job job;
  for (const std::string name : {"", "jobs/", "jobs/12", "tasks/0", "jobs/0123456789ABCDEF0123456789ABCDEF"}) {
    request.set_name(name);
    const grpc::Status status = jobs_->GetJob(context().get(), request, &job);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
    EXPECT_EQ(reason_of(status), "BAD_NAME") << name;
  }
  request.set_name("jobs/0123456789abcdef0123456789abcdef");
  const grpc::Status unknown = jobs_->GetJob(context().get(), request, &job);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(reason_of(unknown), "JOB_NOT_FOUND");
  EXPECT_EQ(reason_of(cancel(request.name())), "JOB_NOT_FOUND");
}

}  // namespace
}  // namespace offstage::api
