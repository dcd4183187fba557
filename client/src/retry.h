// SPDX-License-Identifier: Apache-2.0
//
// When a call is tried again: the daemon is restarting, and the call may be repeated (a create carries its request id, all others are idempotent).
//
// "No daemon" at the very first call is an answer; once a daemon has answered, it is taken for a restart.
//
// Thread safety: `Link` is shared by all calls of a client.
#pragma once

#include <atomic>
#include <chrono>

#include <offstage/client.h>

#include "backoff.h"

namespace offstage::inline client {

/// What the calls of one client know of their daemon.
struct Link {
  std::shared_ptr<Connection> connection;
  ClientOptions options;
  mutable std::atomic<bool> has_answered = false;

  Backoff backoff() const { return {options.first_pause, options.longest_pause}; }

  bool worth_a_retry(const Error& error) const { return error.code == Code::unavailable || (error.code == Code::no_daemon && has_answered); }

  /// As above, and the ways in which a stream ends when the server's process does.
  bool broken_stream(const Error& error) const {
    const bool cut = error.reason.empty() && (error.code == Code::unknown || error.code == Code::cancelled);  // a cancel of our own has a reason
    return worth_a_retry(error) || cut;
  }
};

inline Error stopped() { return {.code = Code::cancelled, .reason = "STOPPED", .message = "stopped by the caller"}; }

/// Repeats `once(deadline)` until it has an answer, the call's deadline (and `longer`) is over, or `stop`.
template <class Once>
auto with_retry(const Link& link, Once once, const std::stop_token& stop = {}, std::chrono::milliseconds longer = {})
    -> decltype(once(Connection::Deadline{})) {
  const Connection::Deadline deadline = std::chrono::steady_clock::now() + link.options.call_deadline + longer;
  Backoff backoff = link.backoff();
  while (true) {
    auto result = once(deadline);
    if (result) link.has_answered = true;
    if (result || !link.worth_a_retry(result.error())) return result;
    const auto pause = backoff.next();
    if (std::chrono::steady_clock::now() + pause >= deadline) return result;
    if (!sleep_for(pause, stop)) return stopped();
  }
}

/// Runs a stream again and again while it breaks: `once(alive)` calls alive() with each message. Ends with its answer, the last error after reconnect_for, or
/// `stop`.
template <class Once>
Status with_resume(const Link& link, Once once, const std::stop_token& stop) {
  Backoff backoff = link.backoff();
  auto last_alive = std::chrono::steady_clock::now();
  bool told = false;
  const auto alive = [&] {
    link.has_answered = true;
    last_alive = std::chrono::steady_clock::now();
    backoff.reset();
    told = false;
  };
  while (true) {
    const auto began = std::chrono::steady_clock::now();
    Status status = once(alive);
    if (stop.stop_requested()) return stopped();
    if (status || !link.broken_stream(status.error())) return status;
    // A quiet stream that stood for a while was alive until now.
    if (std::chrono::steady_clock::now() - began > link.options.longest_pause) alive();
    if (std::chrono::steady_clock::now() - last_alive > link.options.reconnect_for) return status;
    if (!told && link.options.on_reconnect) link.options.on_reconnect(status.error());
    told = true;
    if (!sleep_for(backoff.next(), stop)) return stopped();
  }
}

/// As above, for a receiver that may have had enough: `once(alive, wanted)` makes `wanted` false then, and that is a good end.
template <class Once>
Status with_resume_while_wanted(const Link& link, Once once, const std::stop_token& stop) {
  bool wanted = true;
  const Status status = with_resume(
      link,
      [&](const auto& alive) -> Status {
        const Status ended = once(alive, wanted);
        return wanted ? ended : Status(stopped());
      },
      stop);
  return wanted ? status : Status(Done{});
}

}  // namespace offstage::inline client
