// SPDX-License-Identifier: Apache-2.0
//
// One peer of the worker socket: frames in, frames out. Sends are one system call, made at once; only what the kernel does not take is kept.
//
// Thread: the core strand. Handlers may close the connection; after close() none is called.
#pragma once

#include <sys/types.h>

#include <array>
#include <asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "pool/frame.h"

namespace offstage::pool {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = asio::local::stream_protocol::socket;
  using OnMessage = std::function<void(const std::string& type, const nlohmann::json& message)>;
  using OnClose = std::function<void(const std::string& why)>;

  explicit Connection(Socket socket);
  /// From the kernel, not from the peer.
  pid_t peer_pid() const { return peer_pid_; }
  void start();
  void on(OnMessage message, OnClose close);
  void send(std::string frames);
  void close();
  bool open() const { return open_; }

 private:
  void read();
  void write();
  void fail(const std::string& why);

  Socket socket_;
  pid_t peer_pid_ = 0;
  bool open_ = true, writing_ = false;
  FrameReader reader_;
  std::array<char, 4096> chunk_;
  std::string unsent_;
  OnMessage on_message_;
  OnClose on_close_;
};

}  // namespace offstage::pool
