// SPDX-License-Identifier: Apache-2.0
#include "harness.h"

namespace offstage::api {

Harness::Harness() {
  std::filesystem::permissions(folder_.path(), std::filesystem::perms::owner_all);
  auto opened = store::Store::open(
      {.folder = folder_.path() / "state"}, [this](core::Revision durable) { asio::post(io_, [this, durable] { engine_->on_durable(durable); }); },
      [](const Error& error) { throw std::runtime_error(error.message); });
  if (!opened) throw std::runtime_error(opened.error().message);
  store_ = std::move(*opened);
  pool_.catalog_.set(
      {.complete = true, .blenders = {fake_blender("4.5.1-blender", {4, 5, 1}), fake_blender("3.4.1-blender", {3, 4, 1}, core::ForkProof::refused)}});
  engine_ = std::make_unique<core::Engine>(core::SchedulerOptions{.slots = 2, .queue_length = 100'000}, store_->committer(), pool_, hub_);
  engine_->restore(store_->reader().last_revision(), store_->reader().last_seq());
  engine_->apply(core::ProofChanged{"4.5.1-blender", core::ForkProof::proven, ""}, Now::read());
  core_ = std::thread([this] { io_.run(); });
  ServerInfo info;
  info.version = "test";
  info.state_dir = (folder_.path() / "state").string();
  info.slots = 2;
  auto started = Server::start({.socket = folder_.path() / "socket", .tcp = {}, .tls = {}}, io_, *engine_, *store_, pool_, hub_, info);
  if (!started) throw std::runtime_error(started.error().message);
  server_ = std::move(*started);

  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  channel_ = grpc::CreateCustomChannel("unix:" + (folder_.path() / "socket").string(), grpc::InsecureChannelCredentials(), arguments);
  jobs_ = v1::JobService::NewStub(channel_);
  blenders_ = v1::BlenderService::NewStub(channel_);
  nodes_ = v1::NodeService::NewStub(channel_);
  blobs_ = v1::BlobService::NewStub(channel_);
}

Harness::~Harness() {
  server_.reset();
  store_->committer().flush();
  work_.reset();
  io_.stop();
  core_.join();
  store_.reset();
}

void Harness::stop_server() {
  std::promise<void> stopped;
  server_->stop([&stopped] { stopped.set_value(); });
  stopped.get_future().wait();
}

AttemptId Harness::start(const v1::Job& job) {
  const AttemptId attempt = AttemptId::random();
  const JobId id = *JobId::parse(job.uid());
  on_core([&] {
    const core::Job* live = engine_->scheduler().jobs().find(id);
    engine_->apply(core::WorkerIdle{attempt, live->kind, core::Isolation::fork, {4711, 1}}, Now::read());
  });
  store_->committer().flush();
  on_core([] {});
  on_core([&] { engine_->apply(core::AttemptStarted{attempt}, Now::read()); });
  wait_for(job.name(), v1::STATE_RUNNING);
  return attempt;
}

void Harness::succeed(AttemptId attempt, const std::string& value_json) {
  core::AttemptEnded ended;
  ended.attempt = attempt;
  ended.outcome.state = core::AttemptState::succeeded;
  ended.outcome.value_json = value_json;
  on_core([&] {
    engine_->apply(ended, Now::read());
    engine_->apply(core::AttemptGone{attempt, core::Exit{}}, Now::read());
  });
}

void Harness::fail(AttemptId attempt, core::Failure failure) {
  core::AttemptEnded ended;
  ended.attempt = attempt;
  ended.outcome.state = core::AttemptState::failed;
  ended.outcome.failure = std::move(failure);
  on_core([&] {
    engine_->apply(ended, Now::read());
    engine_->apply(core::AttemptGone{attempt, core::Exit{}}, Now::read());
  });
}

v1::Job Harness::create(const v1::JobSpec& spec) {
  v1::Job job;
  const grpc::Status status = try_create(spec, "", &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

grpc::Status Harness::try_create(const v1::JobSpec& spec, const std::string& request_id, v1::Job* job) {
  v1::CreateJobRequest request;
  *request.mutable_spec() = spec;
  request.set_request_id(request_id);
  v1::Job ignored;
  return jobs_->CreateJob(context().get(), request, job ? job : &ignored);
}

v1::Job Harness::get(const std::string& name) {
  v1::GetJobRequest request;
  request.set_name(name);
  v1::Job job;
  const grpc::Status status = jobs_->GetJob(context().get(), request, &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

grpc::Status Harness::cancel(const std::string& name, v1::Job* job) {
  v1::CancelJobRequest request;
  request.set_name(name);
  v1::Job ignored;
  return jobs_->CancelJob(context().get(), request, job ? job : &ignored);
}

v1::Job Harness::wait_for(const std::string& name, v1::State state) {
  v1::WatchJobsRequest request;
  request.add_names(name);
  auto stream = watch(request);
  while (auto event = stream.next()) {
    if (!event->has_job() || event->job().state() != state) continue;
    stream.end();
    return event->job();
  }
  ADD_FAILURE() << name << " never became " << v1::State_Name(state) << ": " << stream.end().error_message();
  return {};
}

Harness::Reading<v1::WatchJobsResponse> Harness::watch(const v1::WatchJobsRequest& request) {
  auto client = context();
  auto reader = jobs_->WatchJobs(client.get(), request);
  return {std::move(client), std::move(reader)};
}

Harness::Reading<v1::ReadLogResponse> Harness::read_log(const std::string& name, bool follow, std::int64_t offset) {
  v1::ReadLogRequest request;
  request.set_name(name);
  request.set_follow(follow);
  request.set_offset(offset);
  auto client = context();
  auto reader = jobs_->ReadLog(client.get(), request);
  return {std::move(client), std::move(reader)};
}

}  // namespace offstage::api
