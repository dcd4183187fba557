// SPDX-License-Identifier: Apache-2.0
//
// Serves offstage.v1 on a Unix socket, and on TCP where that is configured: then only with TLS and a token, also on loopback. Health and reflection included.
//
// The door of the Unix socket is its folder: owned by us and 0700, or we do not serve. A stale socket is replaced, one that answers is another daemon's.
//
// Thread: start() and the destructor on any one thread; stop() any. While stop() or the destructor waits, `core` must go on running elsewhere, since
// open calls end by its replies; so call stop() from the core strand and go on when `done` comes there.
#pragma once

#include <asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "api/garbage.h"
#include "api/server_info.h"
#include "api/watch_hub.h"
#include "base/result.h"
#include "core/engine.h"
#include "pool/pool.h"
#include "store/store.h"

namespace offstage::api {

struct ApiOptions {
  std::filesystem::path socket;                   ///< empty: none
  std::string tcp;                                ///< "127.0.0.1:7700", "[::1]:0"; empty: off
  std::filesystem::path tls;                      ///< of make_tls(): certificate, key and token; needed with tcp
  Micros stop_patience{std::chrono::seconds(5)};  ///< calls that are open so long after stop() are cancelled
  Collect collect = {};                           ///< for CollectGarbage
};

class Server {
 public:
  /// Errors: SOCKET_PATH_TOO_LONG, SOCKET_FOLDER_UNSAFE, ANOTHER_DAEMON, TLS_MISSING, TLS_UNSAFE, LISTEN_FAILED.
  static Result<std::unique_ptr<Server>> start(const ApiOptions& options, asio::io_context& core, core::Engine& engine, const store::Store& store,
                                               pool::Pool& pool, WatchHub& hub, ServerInfo info);
  ~Server();

  /// New calls are refused, streams end with UNAVAILABLE, unary calls get their answers; then `done` is posted to the core strand.
  void stop(std::function<void()> done);

  int tcp_port() const;  ///< where it listens; 0: TCP is off

 private:
  Server();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace offstage::api
