// SPDX-License-Identifier: Apache-2.0
//
// Takes connections in on the Unix socket and hands them to gRPC, at most so many at a time.
//
// gRPC has a listener of its own, but no limit for it; and when a process has no descriptors left, that listener closes for good: one client that forgets to
// close would leave a daemon that is alive and deaf. Here a connection too many is turned away by HTTP/2's own words for it, and the next one is looked at
// anew. Who has gone is found when there seem to be too many: a descriptor that is not the same socket any more was closed by gRPC.
//
// Thread: listen(), serve() and the destructor on any one thread; it accepts on its own, which sleeps.
#pragma once

#include <grpcpp/server.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <thread>
#include <unordered_map>

#include "base/result.h"
#include "base/unique_fd.h"

namespace offstage::api {

class Acceptor {
 public:
  /// The path must be free (unix_socket.h). Connections wait until serve(). Errors: LISTEN_FAILED.
  static Result<std::unique_ptr<Acceptor>> listen(const std::filesystem::path& socket, std::size_t most);
  /// Stops; connections that were handed over live on.
  ~Acceptor();

  void serve(grpc::Server& server);
  /// No new ones from now on, and the path is gone.
  void stop();

 private:
  Acceptor(std::filesystem::path socket, std::size_t most, UniqueFd listener, UniqueFd wake)
      : socket_(std::move(socket)), most_(most), listener_(std::move(listener)), wake_(std::move(wake)) {}
  void run(grpc::Server& server);
  void take(grpc::Server& server, UniqueFd connection);
  bool has_room();

  const std::filesystem::path socket_;
  const std::size_t most_;
  UniqueFd listener_;
  const UniqueFd wake_;
  std::thread thread_;
  std::unordered_map<int, ino_t> open_;  // the thread's own: what was handed over, by descriptor
  bool told_ = false;
};

}  // namespace offstage::api
