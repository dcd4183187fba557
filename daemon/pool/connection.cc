// SPDX-License-Identifier: Apache-2.0
#include "pool/connection.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <asio/buffer.hpp>
#include <nlohmann/json.hpp>

namespace offstage::pool {
namespace {
constexpr std::size_t max_unsent_bytes = 2 * max_frame_bytes;  // a peer that does not read for so long is broken
}

Connection::Connection(Socket socket) : socket_(std::move(socket)) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) peer_pid_ = peer.pid;
  ::fcntl(socket_.native_handle(), F_SETFD, FD_CLOEXEC);  // Asio does not: a daemon that re-execs would hold the peer's line open
  asio::error_code ignored;
  socket_.non_blocking(true, ignored);
}

void Connection::on(OnMessage message, OnClose close) {
  on_message_ = std::move(message);
  on_close_ = std::move(close);
}

void Connection::start() { read(); }

void Connection::read() {
  socket_.async_read_some(asio::buffer(chunk_), [self = shared_from_this()](asio::error_code error, std::size_t size) {
    if (!self->open_) return;
    if (error) return self->fail(error.message());
    self->reader_.feed({self->chunk_.data(), size});
    while (self->open_) {
      auto payload = self->reader_.next();
      if (!payload) return self->fail(payload.error().message);
      if (!*payload) break;
      const auto message = nlohmann::json::parse(**payload, nullptr, false);
      const auto type = message.is_object() ? message.find("t") : message.end();
      if (!message.is_object() || type == message.end() || !type->is_string()) return self->fail("a frame is no JSON object with the key \"t\"");
      const auto handler = self->on_message_;  // a copy: the handler may replace itself
      try {
        if (handler) handler(type->get<std::string>(), message);
      } catch (const nlohmann::json::exception& e) {
        return self->fail(e.what());
      }
    }
    if (self->open_) self->read();
  });
}

void Connection::send(std::string frames) {
  if (!open_) return;
  if (unsent_.empty()) {
    const ssize_t n = ::send(socket_.native_handle(), frames.data(), frames.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n == static_cast<ssize_t>(frames.size())) return;
    if (n > 0) frames.erase(0, static_cast<std::size_t>(n));
  }
  if (unsent_.size() + frames.size() > max_unsent_bytes) {
    ::shutdown(socket_.native_handle(), SHUT_RDWR);  // the read side reports the end
    return;
  }
  unsent_ += frames;
  if (!writing_) write();
}

void Connection::write() {
  writing_ = true;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](asio::error_code error) {
    self->writing_ = false;
    if (error || !self->open_) return;
    const ssize_t n = ::send(self->socket_.native_handle(), self->unsent_.data(), self->unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return;  // the read side reports the end
    if (n > 0) self->unsent_.erase(0, static_cast<std::size_t>(n));
    if (!self->unsent_.empty()) self->write();
  });
}

void Connection::fail(const std::string& why) {
  const auto handler = on_close_;
  close();
  if (handler) handler(why);
}

void Connection::close() {
  if (!open_) return;
  open_ = false;
  asio::error_code ignored;
  socket_.close(ignored);
}

}  // namespace offstage::pool
