// SPDX-License-Identifier: Apache-2.0
#include "pool/worker.h"

#include <signal.h>
#include <spdlog/spdlog.h>

#include <asio/post.hpp>
#include <nlohmann/json.hpp>

#include "base/faults.h"
#include "pool/crash_report.h"
#include "pool/files.h"
#include "pool/prepare.h"
#include "pool/procs.h"
#include "pool/settlement.h"
#include "pool/verdict.h"

namespace offstage::pool {
namespace {

constexpr std::chrono::seconds dismiss_patience{5};

/// Of one that died before the script's first line.
std::string last_words(const std::optional<ExitRecord>& record, const std::filesystem::path& folder) {
  std::string out = !record                    ? "nobody saw how it ended"
                    : record->exit.signal != 0 ? "it was killed by signal " + std::to_string(record->exit.signal)
                                               : "it ended with exit code " + std::to_string(record->exit.exit_code);
  const std::string lines = last_lines(folder / "log", 8);
  return lines.empty() ? out : out + "; its log ends with: " + lines;
}

}  // namespace

Worker::Worker(Context& context, WorkerHost& host, AttemptSink& sink, AttemptId attempt, std::shared_ptr<Keeper> keeper, core::Isolation kind)
    : id(attempt), isolation(kind), context_(context), host_(&host), sink_(&sink), keeper_(std::move(keeper)), watch_(context.io), timer_(context.io) {}

Worker::~Worker() { detach(); }

// ---- birth ------------------------------------------------------------------------------------------------------------------------------

void Worker::expect() {
  context_.door.expect(nonce, [weak = weak_from_this()](const std::shared_ptr<Connection>& connection, const Hello& hello) {
    if (const auto self = weak.lock()) self->connected(connection, hello);
  });
  arm(context_.options.start_patience);
}

void Worker::forked(core::ProcessId process) {
  if (process_.pid == 0) process_ = process;
  if (!pidfd_) pidfd_ = open_process(process_);
}

void Worker::connected(const std::shared_ptr<Connection>& connection, const Hello& hello) {
  if (hello.attempt != id.hex() || hello.role != "worker") {
    spdlog::warn("worker {}: turned away, it says it is {} {}", id.hex(), hello.role, hello.attempt);
    return connection->close();
  }
  forked(hello.process);
  process_ = hello.process;
  connection_ = connection;
  connection->on(
      [weak = weak_from_this()](const std::string& type, const nlohmann::json& message) {
        if (const auto self = weak.lock()) self->message(type, message);
      },
      [weak = weak_from_this()](const std::string&) {
        if (const auto self = weak.lock()) self->disconnected();
      });
  if (stage_ != Stage::starting || (keeper_ && keeper_->stage() == Keeper::Stage::ended)) dismiss();
}

void Worker::adopt(core::ProcessId process, UniqueFd pidfd) {
  adopted_ = true;
  process_ = process;
  pidfd_ = std::move(pidfd);
  if (auto page = Page::open(context_.folder(id) / "page")) page_ = *page;
  enter(Stage::running);
  orphaned();
}

void Worker::message(const std::string& type, const nlohmann::json& message) {
  if (host_ == nullptr) return;
  if (type == "idle" && stage_ == Stage::starting) {
    auto page = Page::open(context_.folder(id) / "page");
    if (!page) {
      spdlog::error("worker {}: {}", id.hex(), page.error().message);
      return dismiss();
    }
    page_ = *page;
    timer_.cancel();
    enter(Stage::idle);
    host_->worker_idle(*this);
  } else if (type == "started" && stage_ == Stage::running) {
    sink_->started(id);
    if (host_ != nullptr) host_->worker_started(*this);
  } else if (type == "outcome" && stage_ == Stage::running) {
    look_for_outcome();
  } else if (type == "stale") {
    host_->worker_stale(*this, message.value("file", ""));
  }
}

// ---- its attempt ------------------------------------------------------------------------------------------------------------------------

void Worker::prepare(const std::string& message, const std::string& limits) {
  enter(Stage::prepared);
  connection_->send(frame(message));
  if (keeper_) keeper_->send(frame(limits));
  crash_point("pool.after_prepare");
}

void Worker::go() {
  if (stage_ != Stage::prepared) return;
  crash_point("pool.before_go");
  connection_->send(frame(plain_message("go")));
  enter(Stage::running);
  crash_point("pool.after_go");
}

void Worker::raise_flag(int why) {
  flag_ = why;
  *stop_settling_ = true;
  if (page_) page_->raise_flag(why);
}

void Worker::terminate() {
  if (stage_ == Stage::over) return;
  killed_by_us_ = true;
  send_signal(pidfd_, SIGTERM);
}

void Worker::kill() {
  if (stage_ == Stage::over) return;
  killed_by_us_ = true;
  if (keeper_) keeper_->send(frame(plain_message("kill", id)));  // first: its record tells who ended it
  send_signal(pidfd_, SIGKILL);
}

void Worker::condemn(core::Failure why) {
  if (stage_ != Stage::running || ended_ || settling_) return;
  sentence_ = std::move(why);
  kill();
}

void Worker::dismiss() {
  if (stage_ >= Stage::running) return;
  enter(Stage::dismissed);
  if (connection_) connection_->close();
  context_.door.forget(nonce);
  arm(dismiss_patience);
  if (!has_gpus) report_nothing_ran();  // otherwise when it is dead: they go to somebody else then
  if (host_ != nullptr) host_->worker_dismissed(*this);
}

void Worker::refuse(core::Outcome outcome) {
  enter(Stage::running);
  report_end(std::move(outcome));
  kill();
}

// ---- death ------------------------------------------------------------------------------------------------------------------------------

void Worker::disconnected() {
  if (host_ == nullptr) return;
  if (stage_ == Stage::running) {
    if (!look_for_outcome() && seeded_bug("outcome_before_death")) exited(std::nullopt);  // without one, how the process died decides
  } else {
    unready_ |= stage_ == Stage::starting;
    dismiss();  // it never got GO, and never will: nothing of the user's ran
  }
}

bool Worker::look_for_outcome() {
  if (ended_ || settling_) return true;
  auto outcome = read_outcome(context_.folder(id), id);
  if (!outcome) return false;
  crash_point("pool.before_outcome_is_told");
  if (Settlement::needed(*outcome)) {
    settle(std::move(*outcome));
  } else {
    report_end(std::move(*outcome));
  }
  return true;
}

void Worker::settle(core::Outcome outcome) {
  settling_ = true;
  if (page_ && page_->flag() != 0) *stop_settling_ = true;
  Settlement settlement{context_.folder(id), id, job, context_.spec, stop_settling_};
  asio::post(context_.results, [weak = weak_from_this(), &io = context_.io, settlement = std::move(settlement), outcome = std::move(outcome)]() mutable {
    auto settled = settlement.settle(std::move(outcome));
    asio::post(io, [weak, settled = std::move(settled)]() mutable {
      const auto self = weak.lock();
      if (self && self->host_ != nullptr) self->settled(std::move(settled));
    });
  });
}

void Worker::settled(core::Outcome outcome) {
  const auto self = shared_from_this();
  settling_ = false;
  report_end(std::move(outcome));
  if (auto death = std::exchange(death_, std::nullopt)) exited(std::move(*death));
}

void Worker::report_nothing_ran(const std::string& why) {
  if (std::exchange(announced_, false)) sink_->worker_gone(id, why);
}

void Worker::report_end(core::Outcome outcome) {
  ended_ = true;
  obeyed(outcome, flag_, context_.folder(id));
  core::AttemptEnded ended{id, std::move(outcome), -1, ""};
  if (page_) {
    Progress last = page_->progress();
    ended.progress = last.fraction;
    ended.progress_message = std::move(last.message);
  }
  sink_->ended(std::move(ended));
}

void Worker::exited(std::optional<ExitRecord> record) {
  if (stage_ == Stage::over || host_ == nullptr) return;
  if (settling_) {
    death_.emplace(std::move(record));
    return;
  }
  crash_point("pool.before_death_is_told");
  const auto self = shared_from_this();
  const Stage was = stage_;
  const auto folder = context_.folder(id);
  const bool ran = was == Stage::running && (look_for_outcome() || !page_ || !page_->untouched());
  if (settling_) {
    death_.emplace(std::move(record));
    return;
  }
  if (was == Stage::running && ran) {
    if (!ended_) {
      report_end(verdict({.exit = record ? std::optional(record->exit) : std::nullopt,
                          .flag = std::max(flag_, page_ ? page_->flag() : 0),
                          .sentence = std::move(sentence_),
                          .killed_by_us = killed_by_us_,
                          .watched = !adopted_,
                          .no_room = page_ && page_->phase() == Page::Phase::no_room,
                          .memory_limit = record ? record->memory_limit : 0},
                         folder));
    }
    sink_->gone({id, record ? std::optional(record->exit) : std::nullopt});
    keep_crash_report(folder);
    context_.janitor.remove(folder / "tmp");
  } else {
    report_nothing_ran(was == Stage::running ? last_words(record, folder) : std::string());
    context_.janitor.remove(folder);
  }
  WorkerHost* const host = host_;
  enter(Stage::over);
  detach();
  host->worker_over(*this, was == Stage::starting || unready_);
}

void Worker::fork_failed() { exited(std::nullopt); }

void Worker::detach() {
  if (host_ == nullptr) return;
  host_ = nullptr;
  *stop_settling_ = true;
  stage_ = Stage::over;
  context_.door.forget(nonce);
  timer_.cancel();
  asio::error_code ignored;
  watch_.close(ignored);
  if (connection_) connection_->close();
}

void Worker::enter(Stage stage) {
  if (keeper_) {  // counted for ListZygotes
    KeeperFacts& facts = *keeper_->facts();
    if (stage_ == Stage::idle) --facts.idle;
    if (stage_ == Stage::prepared || stage_ == Stage::running) --facts.busy;
    if (stage == Stage::idle) ++facts.idle;
    if (stage == Stage::prepared || stage == Stage::running) ++facts.busy;
  }
  stage_ = stage;
}

void Worker::arm(Micros patience) {
  timer_.expires_after(patience);
  timer_.async_wait([weak = weak_from_this()](asio::error_code error) {
    const auto self = weak.lock();
    if (error || !self || self->host_ == nullptr) return;
    if (self->stage_ != Stage::starting && self->stage_ != Stage::dismissed) return;
    spdlog::warn("worker {} {}, it is killed", self->id.hex(), self->stage_ == Stage::starting ? "was not ready in time" : "did not end");
    self->kill();
    self->arm(dismiss_patience);
  });
}

}  // namespace offstage::pool
