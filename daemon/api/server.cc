// SPDX-License-Identifier: Apache-2.0
#include "api/server.h"

#include <absl/synchronization/mutex.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <mutex>
#include <thread>

#include "api/acceptor.h"
#include "api/blender_service.h"
#include "api/blob_service.h"
#include "api/context.h"
#include "api/grpc_log.h"
#include "api/job_service.h"
#include "api/limits.h"
#include "api/node_service.h"
#include "api/tls.h"
#include "api/unix_socket.h"

namespace offstage::api {
namespace {

void set_arguments(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);  // a client that vanished holds a stream for a minute, not for two hours
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  // Only reflection is a synchronous service: one thread, which sleeps.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::CQ_TIMEOUT_MSEC, 3'600'000);
}

Error listen_failed(const std::string& where) {
  return {Code::unavailable,   "LISTEN_FAILED", "the daemon cannot listen on " + where, "is the address in use, or not this machine's?", "",
          {{"address", where}}};
}

}  // namespace

struct Server::Impl {
  Impl(asio::io_context& core, core::Engine& engine, const store::Store& store, pool::Pool& pool, WatchHub& hub, ServerInfo info, Collect collect)
      : context(core, engine, store, pool, hub, std::move(info), std::move(collect)) {}

  Context context;
  JobService jobs{context};
  BlenderService blenders{context};
  NodeService nodes{context};
  BlobService blobs{context};
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<Acceptor> acceptor;
  Micros stop_patience{0};
  int tcp_port = 0;
  std::once_flag stopped;
  std::thread stopper;

  void stop_and_wait() {
    std::call_once(stopped, [this] {
      context.stopping = true;
      context.streams.wake_all();
      if (acceptor) acceptor->stop();
      if (server) server->Shutdown(std::chrono::system_clock::now() + stop_patience);
    });
  }
};

Server::Server() = default;

Result<std::unique_ptr<Server>> Server::start(const ApiOptions& options, asio::io_context& core, core::Engine& engine, const store::Store& store,
                                              pool::Pool& pool, WatchHub& hub, ServerInfo info) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // a debugging aid that some packages of absl leave on: it costs each lock of gRPC
  log_grpc_by_spdlog();
  grpc::EnableDefaultHealthCheckService(true);
  static std::once_flag once;
  std::call_once(once, [] { grpc::reflection::InitProtoReflectionServerBuilderPlugin(); });

  std::unique_ptr<Server> out(new Server());
  out->impl_ = std::make_unique<Impl>(core, engine, store, pool, hub, std::move(info), options.collect);
  Impl& impl = *out->impl_;
  impl.stop_patience = options.stop_patience;
  hub.start(store.reader().last_revision());

  grpc::ServerBuilder builder;
  set_arguments(builder);
  builder.RegisterService(&impl.jobs);
  builder.RegisterService(&impl.blenders);
  builder.RegisterService(&impl.nodes);
  builder.RegisterService(&impl.blobs);
  if (!options.socket.empty()) {
    if (const auto good = prepare_socket(options.socket); !good) return good.error();
    auto acceptor = Acceptor::listen(options.socket, impl.context.info.connections);
    if (!acceptor) return acceptor.error();
    impl.acceptor = std::move(*acceptor);
    if (const auto good = protect_socket(options.socket); !good) return good.error();
  }
  if (!options.tcp.empty()) {
    auto credentials = tls_credentials(options.tls);
    if (!credentials) return credentials.error();
    builder.AddListeningPort(options.tcp, *credentials, &impl.tcp_port);
  }
  impl.server = builder.BuildAndStart();
  if (!options.tcp.empty() && impl.tcp_port == 0) return listen_failed(options.tcp);
  if (!impl.server) return listen_failed(options.socket.string());
  if (impl.acceptor) impl.acceptor->serve(*impl.server);
  return out;
}

Server::~Server() {
  if (!impl_) return;
  if (impl_->stopper.joinable()) impl_->stopper.join();
  impl_->stop_and_wait();
  for (asio::thread_pool* threads : {&impl_->context.bulk, &impl_->context.patient, &impl_->context.work}) threads->stop();
  for (asio::thread_pool* threads : {&impl_->context.bulk, &impl_->context.patient, &impl_->context.work}) threads->join();
}

void Server::stop(std::function<void()> done) {
  if (impl_->stopper.joinable()) return;  // it is on its way
  impl_->stopper = std::thread([this, done = std::move(done)] {
    impl_->stop_and_wait();
    impl_->context.on_core(done);
  });
}

int Server::tcp_port() const { return impl_->tcp_port; }

}  // namespace offstage::api
