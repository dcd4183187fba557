// SPDX-License-Identifier: Apache-2.0
#include "pool/door.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "pool/procs.h"

namespace offstage::pool {
namespace {

using asio::local::stream_protocol;
constexpr int wire_version = 1;
constexpr std::chrono::seconds hello_patience{10};

Hello parse_hello(const nlohmann::json& message) {
  Hello hello;
  hello.role = message.at("role").get<std::string>();
  hello.nonce = message.at("nonce").get<std::string>();
  hello.attempt = message.value("attempt", "");
  hello.process = {message.at("pid").get<std::int32_t>(), message.at("start_ticks").get<std::uint64_t>()};
  if (message.at("wire").get<int>() != wire_version) hello.nonce.clear();
  return hello;
}

}  // namespace

struct Door::Impl : std::enable_shared_from_this<Door::Impl> {
  explicit Impl(asio::io_context& context) : io(context), acceptor(context) {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](asio::error_code error, stream_protocol::socket socket) {
      if (error == asio::error::operation_aborted || !self->acceptor.is_open()) return;
      if (error) {  // out of descriptors: not again at once
        spdlog::error("worker socket: {}", error.message());
        self->pause.expires_after(std::chrono::milliseconds(100));
        self->pause.async_wait([self](asio::error_code) { self->accept(); });
        return;
      }
      self->admit(std::make_shared<Connection>(std::move(socket)));
      self->accept();
    });
  }

  void admit(const std::shared_ptr<Connection>& connection) {
    auto timer = std::make_shared<asio::steady_timer>(io, hello_patience);
    timer->async_wait([connection](asio::error_code error) {
      if (!error) connection->close();  // said nothing
    });
    connection->on(
        [self = shared_from_this(), timer, weak = std::weak_ptr(connection)](const std::string& type, const nlohmann::json& message) {
          timer->cancel();
          const auto peer = weak.lock();
          if (!peer) return;
          const Hello hello = type == "hello" ? parse_hello(message) : Hello{};
          const auto expected = self->expected.find(hello.nonce);
          if (expected == self->expected.end() || hello.process.pid != peer->peer_pid()) {
            spdlog::warn("worker socket: process {} was turned away ({} {}, says it is {})", peer->peer_pid(), hello.role, hello.attempt, hello.process.pid);
            return peer->close();
          }
          const OnHello handler = std::move(expected->second);
          self->expected.erase(expected);
          peer->on({}, {});
          peer->send(frame(R"({"t":"welcome"})"));
          handler(peer, hello);
        },
        [timer](const std::string&) { timer->cancel(); });
    connection->start();
  }

  asio::io_context& io;
  stream_protocol::acceptor acceptor;
  asio::steady_timer pause{io};
  std::filesystem::path path;
  std::unordered_map<std::string, OnHello> expected;
};

Door::Door(asio::io_context& io) : impl_(std::make_shared<Impl>(io)) {}
Door::~Door() { close(); }

Status Door::open(const std::filesystem::path& path) {
  ::unlink(path.c_str());
  try {
    impl_->acceptor.open();
    ::fcntl(impl_->acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
    const mode_t mask = ::umask(0177);  // born 0600; the folder is 0700 besides
    asio::error_code error;
    impl_->acceptor.bind(stream_protocol::endpoint(path.string()), error);
    ::umask(mask);
    if (error) throw std::system_error(error);
    impl_->acceptor.listen(1024);
  } catch (const std::exception& e) {
    return Error{Code::unavailable,
                 "SOCKET_FAILED",
                 "the worker socket " + path.string() + " cannot be made: " + e.what(),
                 "a socket's path has at most 107 bytes; its folder must exist and be yours",
                 "",
                 {{"file", path.string()}}};
  }
  impl_->path = path;
  impl_->accept();
  return Done{};
}

void Door::close() {
  if (!impl_->acceptor.is_open()) return;
  asio::error_code ignored;
  impl_->acceptor.close(ignored);
  impl_->pause.cancel();
  impl_->expected.clear();
  ::unlink(impl_->path.c_str());
}

void Door::expect(const std::string& nonce, OnHello on_hello) { impl_->expected[nonce] = std::move(on_hello); }
void Door::forget(const std::string& nonce) { impl_->expected.erase(nonce); }

}  // namespace offstage::pool
