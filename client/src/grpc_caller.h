// SPDX-License-Identifier: Apache-2.0
//
// Calls and streams of one gRPC channel, and what is known where they fail: "no daemon" says more than "UNAVAILABLE".
//
// Thread: any number at once.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include <offstage/connection.h>

#include "socket.h"
#include "status.h"

namespace offstage::inline client {

class GrpcCaller {
 protected:
  /// `socket`: the path of the Unix socket; empty: TCP.
  GrpcCaller(std::shared_ptr<grpc::Channel> channel, std::string socket) : socket_(std::move(socket)), channel_(std::move(channel)) {}
  ~GrpcCaller() = default;

  /// What gRPC says, or, where the daemon is not there at all, what the socket says.
  Error explain(const grpc::Status& status) const {
    Error error = to_error(status);
    if (error.code != Code::unavailable || !status.error_details().empty()) return error;
    if (socket_.empty()) {
      error.code = Code::no_daemon;  // nobody answers at HOST:PORT
      // Somebody did before: gRPC shakes hands only while somebody waits for it, and a call that finds no connection does not.
      if (answered_) channel_->WaitForConnected(std::chrono::system_clock::now() + reconnect_patience);
    } else if (auto alive = probe_socket(socket_); !alive) {
      return alive.error();
    }
    return error;
  }

  template <class Stub, class Base, class Request, class Reply>
  Result<Reply> call(Stub& stub, grpc::Status (Base::*method)(grpc::ClientContext*, const Request&, Reply*), const Request& request,
                     Connection::Deadline deadline) const {
    grpc::ClientContext context;
    // gRPC's deadlines are wall-clock times.
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now()));
    Reply reply;
    if (const grpc::Status status = (stub.*method)(&context, request, &reply); !status.ok()) return explain(status);
    answered_ = true;
    return reply;
  }

  template <class Request>
  static Result<Request> scene_request(const WarmRequest& from) {
    pb::JobSpec spec;
    JobSpec with;
    with.scene = from.scene;
    with.environment = from.environment;
    if (auto sent = to_proto(with, spec); !sent) return sent.error();
    Request out;
    *out.mutable_scene() = spec.scene();
    *out.mutable_environment() = spec.environment();
    return out;
  }

  template <class Message, class Open, class OnMessage>
  Status stream(const std::stop_token& stop, Open open, OnMessage on_message) const {
    grpc::ClientContext context;
    const std::stop_callback cancel(stop, [&] { context.TryCancel(); });
    auto reader = open(&context);
    Message message;
    bool wanted = true;
    while (wanted && reader->Read(&message)) {
      answered_ = true;
      wanted = on_message(message);
    }
    if (!wanted) context.TryCancel();
    const grpc::Status status = reader->Finish();
    if (!wanted || stop.stop_requested()) return Error{.code = Code::cancelled, .reason = "STOPPED", .message = "stopped by the caller"};
    if (!status.ok()) return explain(status);
    return Done{};
  }

  const std::string socket_;

 private:
  static constexpr std::chrono::milliseconds reconnect_patience{500};

  const std::shared_ptr<grpc::Channel> channel_;
  mutable std::atomic<bool> answered_ = false;
};

}  // namespace offstage::inline client
