// SPDX-License-Identifier: Apache-2.0
//
// The library against a gRPC server in this process, over a real Unix socket: what travels, and what a restart of the server does to streams.
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <offstage/v1/job_service.grpc.pb.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>

#include <offstage/client.h>

namespace offstage {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class FakeService : public v1::JobService::Service {
 public:
  v1::CreateJobRequest last;
  std::atomic<int> watches = 0;

  grpc::Status CreateJob(grpc::ServerContext*, const v1::CreateJobRequest* request, v1::Job* job) override {
    last = *request;
    if (request->spec().display_name() == "refuse me") return refusal();
    job->set_name("jobs/1");
    job->set_uid("1");
    job->set_state(v1::STATE_QUEUED);
    *job->mutable_spec() = request->spec();
    return grpc::Status::OK;
  }

  grpc::Status WatchJobs(grpc::ServerContext* context, const v1::WatchJobsRequest* request, grpc::ServerWriter<v1::WatchJobsResponse>* writer) override {
    ++watches;
    v1::WatchJobsResponse event;
    event.mutable_job()->set_name("jobs/1");
    event.mutable_job()->set_state(request->resume_token().empty() ? v1::STATE_RUNNING : v1::STATE_SUCCEEDED);
    event.mutable_job()->mutable_result()->set_value_json("[1e400, 1208925819614629174706176]");
    event.set_resume_token("t1");
    writer->Write(event);
    while (!context->IsCancelled()) std::this_thread::sleep_for(1ms);
    return grpc::Status::OK;
  }

  grpc::Status ReadLog(grpc::ServerContext*, const v1::ReadLogRequest* request, grpc::ServerWriter<v1::ReadLogResponse>* writer) override {
    v1::ReadLogResponse chunk;
    chunk.set_attempt(request->name() + "/tasks/0/attempts/a");
    chunk.set_data("\xff\x00 bytes", 8);
    writer->Write(chunk);
    return grpc::Status::OK;
  }

  grpc::Status ReadBundle(grpc::ServerContext*, const v1::ReadBundleRequest* request, grpc::ServerWriter<v1::ReadBundleResponse>* writer) override {
    v1::ReadBundleResponse piece;
    piece.set_file_name(request->name().substr(5) + ".tar.gz");
    for (const char* data : {"one", "two"}) {
      piece.set_data(data);
      writer->Write(piece);
    }
    return grpc::Status::OK;
  }

  grpc::Status CancelJob(grpc::ServerContext* context, const v1::CancelJobRequest*, v1::Job*) override {
    const auto found = context->client_metadata().find("user-agent");
    if (found != context->client_metadata().end()) user_agent = std::string(found->second.data(), found->second.size());
    return grpc::Status::OK;
  }
  std::string user_agent;

 private:
  static grpc::Status refusal() {
    google::rpc::Status status;
    status.set_code(grpc::StatusCode::INVALID_ARGUMENT);
    status.set_message("the name is bad");
    google::rpc::ErrorInfo info;
    info.set_reason("BAD_NAME");
    (*info.mutable_metadata())["hint"] = "take another";
    (*info.mutable_metadata())["file"] = "/x";
    status.add_details()->PackFrom(info);
    google::rpc::BadRequest request;
    request.add_field_violations()->set_field("spec.display_name");
    status.add_details()->PackFrom(request);
    return {grpc::StatusCode::INVALID_ARGUMENT, status.message(), status.SerializeAsString()};
  }
};

class GrpcTest : public ::testing::Test {
 protected:
  GrpcTest() {
    std::string name = (fs::temp_directory_path() / "offstage-test-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    address = "unix:" + (folder / "d.sock").string();
    start();
  }
  ~GrpcTest() override {
    stop();
    fs::remove_all(folder);
  }

  void start() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    const mode_t mask = ::umask(077);
    server = builder.BuildAndStart();
    ::umask(mask);
    ASSERT_TRUE(server);
  }
  void stop() {
    server->Shutdown(std::chrono::system_clock::now());
    server->Wait();
  }

  FakeService service;
  std::unique_ptr<grpc::Server> server;
  fs::path folder;
  std::string address;
};

TEST_F(GrpcTest, a_spec_travels_whole) {
  const auto client = Client::connect({.address = address}).value();
  CreateRequest request{.spec = {.display_name = "n",
                                 .labels = {{"a", "b"}},
                                 .script = {.text = "t", .name = "/x/y.py", .args = {"1", "-2"}, .parameters_json = R"({"x":  1})"},
                                 .scene = Scene{.path = "/s.blend", .trust_blend_scripts = true},
                                 .environment = {.blender = ">=4.2",
                                                 .isolation = Isolation::fork,
                                                 .variables = {{"V", "w"}},
                                                 .asset_libraries = {{"props", "/p"}},
                                                 .wrapper = {"w", "x"},
                                                 .compute = Compute::optix},
                                 .resources = {.cpus = 2, .memory_bytes = 1 << 30, .gpus = 1},
                                 .policy = {.run_timeout = 1500ms, .max_attempts = 3, .retry_on = {Reason::crashed}, .on_warning = OnWarning::fail},
                                 .priority = -5,
                                 .held = true}};
  const auto job = client.create(request);
  ASSERT_TRUE(job);
  const v1::JobSpec& sent = service.last.spec();
  EXPECT_EQ(sent.script().parameters_json(), R"({"x":  1})");
  EXPECT_EQ(sent.policy().run_timeout().nanos(), 500'000'000);
  EXPECT_FALSE(sent.policy().has_queue_timeout());
  EXPECT_EQ(sent.environment().isolation(), v1::ISOLATION_FORK);
  EXPECT_EQ(sent.policy().retry_on(0), v1::REASON_CRASHED);
  EXPECT_EQ(sent.policy().on_warning(), v1::ON_WARNING_FAIL);
  EXPECT_EQ(service.last.request_id().size(), 36U);

  const JobSpec& back = job->spec;
  EXPECT_EQ(back.display_name, "n");
  EXPECT_EQ(back.labels, request.spec.labels);
  EXPECT_EQ(back.script.args, request.spec.script.args);
  EXPECT_EQ(back.scene->path, "/s.blend");
  EXPECT_EQ(back.environment.variables, request.spec.environment.variables);
  EXPECT_EQ(back.resources.memory_bytes, 1 << 30);
  EXPECT_EQ(back.resources.gpus, 1U);
  EXPECT_EQ(back.environment.wrapper, request.spec.environment.wrapper);
  ASSERT_EQ(back.environment.asset_libraries.size(), 1U);
  EXPECT_EQ(back.environment.asset_libraries[0].path, "/p");
  EXPECT_EQ(back.environment.compute, Compute::optix);
  EXPECT_EQ(back.policy.run_timeout, request.spec.policy.run_timeout);
  EXPECT_EQ(back.policy.retry_on, request.spec.policy.retry_on);
  EXPECT_EQ(back.policy.on_warning, OnWarning::fail);
  EXPECT_EQ(back.priority, -5);
  EXPECT_TRUE(back.held);
}

TEST_F(GrpcTest, a_bundle_comes_in_pieces_with_a_name) {
  const auto client = Client::connect({.address = address}).value();
  std::string name, bytes;
  ASSERT_TRUE(client.bundle("jobs/1", [&](const BundleChunk& chunk) {
    name = chunk.file_name;
    bytes += chunk.data;
    return true;
  }));
  EXPECT_EQ(name, "1.tar.gz");
  EXPECT_EQ(bytes, "onetwo");
}

TEST_F(GrpcTest, the_daemon_is_told_who_asks) {
  ASSERT_TRUE(Client::connect({.address = address, .program = "my-tool/2 (x)"}).value().cancel("jobs/1"));
  EXPECT_TRUE(service.user_agent.starts_with("my-tool/2??x? (")) << service.user_agent;
  EXPECT_NE(service.user_agent.find('@'), std::string::npos);
  ASSERT_TRUE(Client::connect({.address = address}).value().cancel("jobs/1"));
  EXPECT_TRUE(service.user_agent.starts_with("offstage-client/")) << service.user_agent;
}

TEST_F(GrpcTest, a_refusal_has_its_reason_hint_facts_and_field) {
  const auto client = Client::connect({.address = address}).value();
  const auto job = client.create(JobSpec{.display_name = "refuse me"});
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().code, Code::invalid_argument);
  EXPECT_EQ(job.error().reason, "BAD_NAME");
  EXPECT_EQ(job.error().message, "the name is bad");
  EXPECT_EQ(job.error().hint, "take another");
  EXPECT_EQ(job.error().field("file"), "/x");
  EXPECT_EQ(job.error().field("field"), "spec.display_name");
}

TEST_F(GrpcTest, text_that_is_not_utf8_is_refused_with_its_field) {
  const auto client = Client::connect({.address = address}).value();
  const auto job = client.create(JobSpec{.script = {.text = "x", .args = {"ok", "\xff"}}});
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().reason, "NOT_UTF8");
  EXPECT_EQ(job.error().field("field"), "spec.script.args[1]");
}

TEST_F(GrpcTest, a_proxy_in_the_environment_does_no_harm) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  const auto client = Client::connect({.address = address}).value();
  EXPECT_TRUE(client.create(JobSpec{}));
  ::unsetenv("http_proxy");
}

TEST_F(GrpcTest, a_wait_goes_on_after_a_restart_of_the_server_and_the_result_keeps_its_bytes) {
  const auto client = Client::connect({.address = address}, {.first_pause = 1ms, .longest_pause = 20ms}).value();
  std::string value;
  std::atomic<bool> heard = false;  // before that, a server that is gone was never there
  Call call = client.wait(
      "jobs/1", [&](const WatchEvent&) { return heard = true; },
      [&](Result<Job> job) {
        if (job) value = job->result->value_json;
      });
  while (!heard) std::this_thread::sleep_for(1ms);
  stop();
  start();
  call.wait();
  EXPECT_EQ(value, "[1e400, 1208925819614629174706176]");
  EXPECT_GE(service.watches, 2);
}

TEST_F(GrpcTest, a_server_that_is_gone_is_no_daemon) {
  const auto client = Client::connect({.address = address}, {.call_deadline = 50ms, .first_pause = 1ms, .longest_pause = 5ms}).value();
  ASSERT_TRUE(client.create(JobSpec{}));
  stop();
  EXPECT_EQ(client.create(JobSpec{}).error().code, Code::no_daemon);
  start();
}

TEST_F(GrpcTest, a_log_is_bytes) {
  const auto client = Client::connect({.address = address}).value();
  std::string text;
  ASSERT_TRUE(client.log({.name = "jobs/1"}, [&](const LogChunk& chunk) {
    text += chunk.data;
    return true;
  }));
  EXPECT_EQ(text, std::string("\xff\x00 bytes", 8));
}

TEST_F(GrpcTest, a_call_that_the_daemon_does_not_know_says_what_to_do) {
  const auto client = Client::connect({.address = address}).value();
  const auto page = client.list();
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Code::unimplemented);
  EXPECT_FALSE(page.error().hint.empty());
}

}  // namespace
}  // namespace offstage
