// SPDX-License-Identifier: Apache-2.0
#include "cli/follow.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/report.h"

namespace offstage::cli {
namespace {

constexpr std::size_t tail_bytes = 128U << 10U;  // a traceback is at most 64 KiB and a bit

}  // namespace

std::string progress_bar(double fraction, std::string_view message, std::size_t width) {
  constexpr std::size_t cells = 24;
  const double shown = std::clamp(std::isfinite(fraction) ? fraction : 0, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(std::floor(shown * cells));
  std::string percent = std::to_string(static_cast<int>(std::floor(shown * 100))) + "%";
  percent.insert(0, 4 - percent.size(), ' ');
  const std::string bar = "[" + std::string(full, '#') + std::string(cells - full, ' ') + "] ";
  const std::string text = percent + (message.empty() ? "" : "  " + harmless_line(message));
  return clip(width >= 50 ? bar + text : text, width > 0 ? width - 1 : 0);
}

StatusLine::StatusLine(int fd) : terminal_(Terminal::of(fd)) {}

void StatusLine::text(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (!terminal_.is_terminal) {
    err().write(bytes);
    return;
  }
  const std::string shown = escaper_.feed(bytes);
  if (shown.empty()) return;
  erase();
  err().write(shown);
  at_line_start_ = shown.back() == '\n';
  draw();
}

void StatusLine::progress(double fraction, std::string_view message) {
  const std::lock_guard lock(mutex_);
  if (!terminal_.is_terminal) return;
  erase();
  bar_ = progress_bar(fraction, message, terminal_.width);
  draw();
}

void StatusLine::finish() {
  const std::lock_guard lock(mutex_);
  erase();
  bar_.clear();
  err().write(escaper_.finish());
  if (terminal_.is_terminal && !at_line_start_) err().write("\n");
  at_line_start_ = true;
}

void StatusLine::draw() {
  if (bar_.empty() || !at_line_start_) return;  // an unfinished line of the script's is not drawn over
  err().write(bar_);
  drawn_ = true;
}

void StatusLine::erase() {
  if (std::exchange(drawn_, false)) err().write("\r\x1b[K");
}

Follower::Follower(Client client) : client_(std::move(client)), line_(STDERR_FILENO), interrupts_([this](int count) { on_signal(count); }) {}

void Follower::on_signal(int count) {
  std::unique_lock lock(mutex_);
  const std::string name = name_, id = id_;
  lock.unlock();
  if (name.empty()) ::_exit(cancelled);
  line_.finish();
  if (count > 1) {
    note("left job " + id + ", which is being cancelled: `offstage show " + id.substr(0, 8) + "`");
    ::_exit(cancelled);
  }
  note("cancelling job " + id + " (Ctrl-C again leaves it)");
  // Not on this thread: a daemon that does not answer must not keep the second Ctrl-C from its work.
  std::thread([client = client_, name] {
    if (auto answer = client.cancel(name); !answer) report(answer.error());
  }).detach();
}

Result<Job> Follower::follow(const std::string& name, const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    name_ = name;
    id_ = id;
  }
  Status log_read = Done{};
  std::jthread log([&](const std::stop_token& stop) {
    log_read = client_.log(
        {.name = name, .follow = true},
        [&](const LogChunk& chunk) {
          log_tail_ += chunk.data;
          if (log_tail_.size() > 2 * tail_bytes) log_tail_.erase(0, log_tail_.size() - tail_bytes);
          line_.text(chunk.dropped > 0 ? "\n[" + std::to_string(chunk.dropped) + " bytes of the log were dropped]\n" : chunk.data);
          return true;
        },
        stop);
  });
  auto job = client_.wait(name, [&](const WatchEvent& event) {
    if (const auto* update = std::get_if<ProgressUpdate>(&event.what)) line_.progress(update->progress.fraction, update->progress.message);
    return true;
  });
  if (!job) log.request_stop();
  log.join();  // the log's stream ends with the job
  line_.finish();
  if (job && !log_read) report(log_read.error());
  if (job && job->state == State::succeeded && !job->result) return client_.get(name);
  return job;
}

}  // namespace offstage::cli
