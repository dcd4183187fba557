// SPDX-License-Identifier: Apache-2.0
//
// The death of a worker that no keeper of ours reports: its keeper died, or it comes from an earlier daemon.
//
// If it has become our child, we are its shim: reap, kill its strays, write its exit record. If its old keeper lives, that one writes the record: we wait for
// it.
#include <fcntl.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "pool/cgroup.h"
#include "pool/log_trim.h"
#include "pool/procs.h"
#include "pool/sweep.h"
#include "pool/worker.h"

namespace offstage::pool {
namespace {
constexpr std::chrono::milliseconds look_again{20}, log_look{100};
constexpr int looks = 250;  // 5 s
}  // namespace

void Worker::orphaned() {
  if (orphan_ || stage_ == Stage::over) return;
  orphan_ = true;
  if (!pidfd_ && process_.pid == 0) return exited(std::nullopt);  // never seen: the door knows its nonce no more, the sweep finds what there is
  asio::co_spawn(context_.io, outlive(), asio::detached);
  if (context_.options.log_bytes > 0) asio::co_spawn(context_.io, trim_log(), asio::detached);
}

asio::awaitable<void> Worker::trim_log() {
  const auto self = shared_from_this();
  asio::steady_timer pause(context_.io);
  while (host_ != nullptr) {  // until it is over; its old keeper does the same if it lives
    asio::post(context_.background, [log = context_.folder(id) / "log", bytes = context_.options.log_bytes] { pool::trim_log(log, bytes); });
    pause.expires_after(log_look);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> Worker::outlive() {
  const auto self = shared_from_this();
  const auto folder = context_.folder(id);
  if (pidfd_) {
    watch_.assign(::fcntl(pidfd_.get(), F_DUPFD_CLOEXEC, 3));
    asio::error_code error;
    co_await watch_.async_wait(asio::posix::stream_descriptor::wait_read, asio::redirect_error(asio::use_awaitable, error));
  }
  if (host_ == nullptr) co_return;
  auto record = read_exit(folder, id);
  if (const auto exit = reap(pidfd_)) {
    if (!record) record = ExitRecord{process_, *exit, 0};
    record->strays_killed += co_await sweep(context_, [this](pid_t pid) { return host_ != nullptr && host_->is_known(pid); });
    if (host_ == nullptr) co_return;
    if (!context_.options.cgroup.empty()) remove_cgroup(context_.options.cgroup, id);
    if (killed_by_us_ && record->exit.signal != 0 && record->exit.killed_by.empty()) record->exit.killed_by = "kill";
    write_exit(folder, *record, id);
  }
  for (int i = 0; !record && i < looks; ++i) {
    asio::steady_timer pause(context_.io, look_again);
    co_await pause.async_wait(asio::use_awaitable);
    if (host_ == nullptr) co_return;
    record = read_exit(folder, id);
  }
  if (!record) spdlog::warn("worker {}: dead, and nobody wrote how", id.hex());
  exited(std::move(record));
}

}  // namespace offstage::pool
