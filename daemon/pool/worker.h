// SPDX-License-Identifier: Apache-2.0
//
// A worker as the daemon sees it: one process, from the request to fork it, through idle and its one attempt, to the proof that it and all it left are gone.
//
// Each end is reported once: WorkerGone where nothing of the user's ran, else AttemptEnded and then AttemptGone. The outcome file decides, whatever the socket
// says; how the process died only where there is no outcome. An adopted worker is the same without a socket.
//
// Thread: the core strand. The page may be read by any.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "core/effects.h"
#include "core/ports.h"
#include "pool/connection.h"
#include "pool/context.h"
#include "pool/keeper.h"
#include "pool/page.h"
#include "pool/records.h"

namespace offstage::pool {

class Worker;

/// Who is told what becomes of an attempt: the core, or the proof for its own.
class AttemptSink {
 public:
  virtual ~AttemptSink() = default;
  /// `why`: as far as that is known.
  virtual void worker_gone(AttemptId attempt, const std::string& why) = 0;
  virtual void started(AttemptId attempt) = 0;
  virtual void ended(core::AttemptEnded ended) = 0;
  virtual void gone(core::AttemptGone gone) = 0;
};

class WorkerHost {
 public:
  virtual ~WorkerHost() = default;
  virtual void worker_idle(Worker& worker) = 0;
  virtual void worker_started(Worker& worker) = 0;
  /// What its keeper had loaded has changed on the disk: `file`, for example.
  virtual void worker_stale(Worker& worker, const std::string& file) = 0;
  /// It takes no attempt any more; it is still to be proven dead.
  virtual void worker_dismissed(Worker& worker) = 0;
  /// Proven dead and reported. `early`: it died by itself before it was ready.
  virtual void worker_over(Worker& worker, bool early) = 0;
  virtual bool is_known(pid_t pid) const = 0;
};

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  enum class Stage { starting, idle, prepared, running, dismissed, over };

  Worker(Context& context, WorkerHost& host, AttemptSink& sink, AttemptId id, std::shared_ptr<Keeper> keeper, core::Isolation isolation);
  ~Worker();

  const AttemptId id;
  const core::Isolation isolation;
  const std::string nonce = random_hex(16);
  const std::shared_ptr<Keeper>& keeper() const { return keeper_; }
  Stage stage() const { return stage_; }
  core::ProcessId process() const { return process_; }
  const std::shared_ptr<Page>& page() const { return page_; }
  bool watch_progress = false;
  JobId job;  ///< whose attempt it runs
  bool has_gpus = false;
  /// Its outcome is there, and its result files are being looked at.
  bool settling() const { return settling_; }
  std::uint64_t progress_seen = 0;

  // birth
  void expect();
  void forked(core::ProcessId process);
  /// From an earlier daemon: alive now, its death comes by the pidfd.
  void adopt(core::ProcessId process, UniqueFd pidfd);

  // its attempt
  /// The sink was told of it as idle, and will be told of its end.
  void announce(AttemptSink& sink) {
    sink_ = &sink;
    announced_ = true;
  }
  void prepare(const std::string& message, const std::string& limits);
  void go();
  /// Its attempt cannot be handed over at all: it ends with this outcome, and the process with it.
  void refuse(core::Outcome outcome);
  void raise_flag(int why);
  void terminate();
  void kill();
  /// It breaks a limit: it is killed, and fails for this reason unless it has left an outcome.
  void condemn(core::Failure why);
  /// A spare that is not wanted any more: it ends when its connection closes.
  void dismiss();

  // death
  void exited(std::optional<ExitRecord> record);
  void fork_failed();
  /// Its keeper is dead: we are its parent now, or nobody is.
  void orphaned();
  /// The daemon goes: no handler of ours runs any more.
  void detach();

 private:
  void connected(const std::shared_ptr<Connection>& connection, const Hello& hello);
  void message(const std::string& type, const nlohmann::json& message);
  void disconnected();
  bool look_for_outcome();
  void settle(core::Outcome outcome);
  void settled(core::Outcome outcome);
  void report_nothing_ran(const std::string& why = {});
  void report_end(core::Outcome outcome);
  void enter(Stage stage);
  void arm(Micros patience);
  asio::awaitable<void> outlive();
  asio::awaitable<void> trim_log();

  Context& context_;
  WorkerHost* host_;
  AttemptSink* sink_;
  std::shared_ptr<Keeper> keeper_;
  Stage stage_ = Stage::starting;
  core::ProcessId process_;
  UniqueFd pidfd_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Page> page_;
  asio::posix::stream_descriptor watch_;
  asio::steady_timer timer_;
  bool announced_ = false, ended_ = false, killed_by_us_ = false, adopted_ = false, orphan_ = false;
  bool unready_ = false;  // it closed its connection, or broke the wire's rules, before it was idle
  bool settling_ = false;
  std::optional<std::optional<ExitRecord>> death_;  // that came while it was settling
  std::shared_ptr<std::atomic<bool>> stop_settling_ = std::make_shared<std::atomic<bool>>(false);
  int flag_ = 0;
  std::optional<core::Failure> sentence_;  // why it was condemned
};

}  // namespace offstage::pool
