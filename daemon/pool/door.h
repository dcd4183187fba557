// SPDX-License-Identifier: Apache-2.0
//
// The worker socket: keepers and workers dial in and say hello. Who is let in was expected: by nonce, from the process that the kernel names as the peer.
//
// Thread: the core strand.
#pragma once

#include <asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "core/model.h"
#include "pool/connection.h"

namespace offstage::pool {

struct Hello {
  std::string role, nonce, attempt;
  core::ProcessId process;
};

class Door {
 public:
  using OnHello = std::function<void(std::shared_ptr<Connection>, const Hello&)>;

  explicit Door(asio::io_context& io);
  ~Door();
  /// Binds with mode 0600, in place of a stale socket. SOCKET_FAILED.
  Status open(const std::filesystem::path& path);
  void close();

  /// Lets in, once, who says this nonce; the connection has been welcomed then.
  void expect(const std::string& nonce, OnHello on_hello);
  void forget(const std::string& nonce);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace offstage::pool
