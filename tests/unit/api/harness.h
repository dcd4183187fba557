// SPDX-License-Identifier: Apache-2.0
//
// A whole server in this process: the real store, core and API, a fake pool, and real clients over a Unix socket.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <future>
#include <thread>

#include "api/server.h"
#include "fake_pool.h"
#include "offstage/v1/blender_service.grpc.pb.h"
#include "offstage/v1/blob_service.grpc.pb.h"
#include "offstage/v1/job_service.grpc.pb.h"
#include "offstage/v1/node_service.grpc.pb.h"
#include "specs.h"

namespace offstage::api {

/// Long enough for any machine; only a failing test waits so long.
inline constexpr auto kPatience = std::chrono::seconds(30);

class Harness : public testing::Test {
 protected:
  Harness();
  ~Harness() override;

  // ---- the server's side ----

  /// Runs `f` on the core strand and returns what it returns.
  template <class F>
  auto on_core(F f) {
    std::packaged_task<decltype(f())()> task(std::move(f));
    auto result = task.get_future();
    asio::post(io_, [&task] { task(); });
    return result.get();
  }
  /// Gives the job a worker and starts its script; returns its attempt. The job must be the next in the queue.
  AttemptId start(const v1::Job& job);
  void succeed(AttemptId attempt, const std::string& value_json = "null");
  void fail(AttemptId attempt, core::Failure failure);
  void stop_server();

  // ---- a client's side ----

  v1::Job create(const v1::JobSpec& spec = script_spec());
  grpc::Status try_create(const v1::JobSpec& spec, const std::string& request_id = "", v1::Job* job = nullptr);
  v1::Job get(const std::string& name);
  grpc::Status cancel(const std::string& name, v1::Job* job = nullptr);
  /// Waits until the job is so.
  v1::Job wait_for(const std::string& name, v1::State state);

  /// A stream of messages that ends with the test at the latest.
  template <class Response>
  struct Reading {
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientReader<Response>> reader;
    std::optional<Response> next() {
      Response response;
      return reader->Read(&response) ? std::optional(std::move(response)) : std::nullopt;
    }
    grpc::Status end() {
      context->TryCancel();
      for (Response rest; reader->Read(&rest);) {
      }
      return reader->Finish();
    }
  };
  Reading<v1::WatchJobsResponse> watch(const v1::WatchJobsRequest& request);
  Reading<v1::ReadLogResponse> read_log(const std::string& name, bool follow = false, std::int64_t offset = 0);

  TempFolder folder_;
  asio::io_context io_{1};
  FakePool pool_{folder_.path() / "attempts"};
  WatchHub hub_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<core::Engine> engine_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread core_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  std::unique_ptr<v1::BlenderService::Stub> blenders_;
  std::unique_ptr<v1::NodeService::Stub> nodes_;
  std::unique_ptr<v1::BlobService::Stub> blobs_;
  std::shared_ptr<grpc::Channel> channel_;

  /// With a deadline.
  static std::unique_ptr<grpc::ClientContext> context() {
    auto out = std::make_unique<grpc::ClientContext>();
    out->set_deadline(std::chrono::system_clock::now() + kPatience);
    return out;
  }
};

}  // namespace offstage::api
