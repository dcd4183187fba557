// SPDX-License-Identifier: Apache-2.0
#include "api/acceptor.h"

#include <grpcpp/server_posix.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "api/server_info.h"

namespace offstage::api {
namespace {

constexpr int no_descriptor_pause_ms = 100;

ino_t identity(int fd) {
  struct stat s {};
  return ::fstat(fd, &s) == 0 ? s.st_ino : 0;
}

/// An empty SETTINGS frame and GOAWAY with ENHANCE_YOUR_CALM, which gRPC tells its callers as RESOURCE_EXHAUSTED where a call was under way, and else as
/// UNAVAILABLE. Nobody waits for the peer: a buffer that is new takes it at once.
void turn_away(const UniqueFd& connection, std::size_t most) {
  const std::string reason = "TOO_MANY_CONNECTIONS: the daemon has " + std::to_string(most) + " open connections: close some, or use one for many calls";
  std::string frames("\0\0\0\4\0\0\0\0\0", 9);
  const auto length = static_cast<char>(8 + reason.size());
  frames.append("\0\0", 2).append(1, length).append("\7\0\0\0\0\0", 6).append("\0\0\0\0\0\0\0\xb", 8).append(reason);
  (void)::send(connection.get(), frames.data(), frames.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(connection.get(), SHUT_WR);
}

}  // namespace

std::size_t connection_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return kConnections;
  return std::clamp<std::size_t>(files.rlim_cur / 2, 1, kConnections);
}

Result<std::unique_ptr<Acceptor>> Acceptor::listen(const std::filesystem::path& socket, std::size_t most) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket.c_str(), std::min(socket.native().size(), sizeof address.sun_path - 1));
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), wake(::eventfd(0, EFD_CLOEXEC));
  if (!listener || !wake || ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0) {
    return Error{Code::unavailable,
                 "LISTEN_FAILED",
                 "the daemon cannot listen on " + socket.string() + ": " + std::strerror(errno),
                 "look at the owner and mode of its folder",
                 "",
                 {{"address", socket.string()}}};
  }
  return std::unique_ptr<Acceptor>(new Acceptor(socket, most, std::move(listener), std::move(wake)));
}

Acceptor::~Acceptor() { stop(); }

void Acceptor::serve(grpc::Server& server) {
  thread_ = std::thread([this, &server] { run(server); });
}

void Acceptor::stop() {
  if (!listener_) return;
  ::eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
  ::unlink(socket_.c_str());
  listener_.reset();
}

void Acceptor::run(grpc::Server& server) {
  while (true) {
    pollfd what[] = {{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (::poll(what, 2, -1) < 0 && errno != EINTR) return;
    if (what[1].revents != 0) return;
    UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection) {
      take(server, std::move(connection));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      spdlog::warn("a connection cannot be taken in: {}", std::strerror(errno));
      ::poll(&what[1], 1, no_descriptor_pause_ms);
    }
  }
}

void Acceptor::take(grpc::Server& server, UniqueFd connection) {
  if (!has_room()) {
    if (!std::exchange(told_, true)) spdlog::warn("there are {} connections: no more are taken in until some are closed", most_);
    return turn_away(connection, most_);
  }
  told_ = false;
  open_[connection.get()] = identity(connection.get());
  grpc::AddInsecureChannelFromFd(&server, connection.release());
}

bool Acceptor::has_room() {
  if (open_.size() >= most_) std::erase_if(open_, [](const auto& one) { return identity(one.first) != one.second; });
  return open_.size() < most_;
}

}  // namespace offstage::api
