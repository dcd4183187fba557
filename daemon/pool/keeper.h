// SPDX-License-Identifier: Apache-2.0
//
// A keeper as the daemon sees it: the process that is parent of workers, a zygote or a supervisor. It is started here, asked for workers, retired, and, where
// it does not obey, killed. What it decides about workers it tells; nothing is assumed.
//
// Thread: the core strand; facts() may be read by any.
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <memory>
#include <string>

#include "pool/connection.h"
#include "pool/context.h"

namespace offstage::pool {

class Keeper;

/// What a keeper says. Calls come from its own handlers, never from within a call to it.
class KeeperHost {
 public:
  virtual ~KeeperHost() = default;
  virtual void keeper_ready(Keeper& keeper) = 0;
  /// The process has ended. `unfit` is not empty where it said that it must not fork.
  virtual void keeper_ended(Keeper& keeper, const std::string& why, const std::string& unfit) = 0;
  virtual void worker_forked(AttemptId attempt, core::ProcessId process) = 0;
  virtual void fork_failed(AttemptId attempt, const std::string& reason) = 0;
  virtual void worker_exited(AttemptId attempt, const std::string& record_json) = 0;
};

/// Counted here, read by ListZygotes.
struct KeeperFacts {
  std::atomic<std::int32_t> pid = 0;
  std::string blender;
  bool forks = false;
  std::atomic<unsigned> idle = 0, busy = 0;
  std::atomic<std::int64_t> private_bytes = 0;
  std::atomic<std::int64_t> share_bytes = 0;  ///< proportional: what goes when it goes
  std::string scene;                          ///< path of the .blend that it has open, the original one of one by value; or empty
  Wall start_time{};
};

class Keeper : public std::enable_shared_from_this<Keeper> {
 public:
  enum class Stage { starting, ready, retiring, ended };

  Keeper(Context& context, KeeperHost& host, Blender blender, core::Kind what, core::Isolation isolation);
  ~Keeper();

  Status start();
  void send(const std::string& frames);
  /// No forks any more; it ends with its last worker.
  void retire();
  /// It has no workers left and should end now; it is killed if it does not.
  void last_call();
  void kill();
  /// The daemon goes: no handler of ours runs any more.
  void detach();

  Stage stage() const { return stage_; }
  pid_t pid() const { return facts_->pid; }
  const std::shared_ptr<KeeperFacts>& facts() const { return facts_; }
  const core::Kind& what() const { return what_; }
  core::Isolation isolation() const { return isolation_; }
  bool retired() const { return retired_; }  ///< we asked it to end
  std::string name() const;
  std::string log_lines() const;

 private:
  void arm(std::chrono::seconds patience, const char* what);
  void connected(const std::shared_ptr<Connection>& connection, const Hello& hello);
  void message(const std::string& type, const nlohmann::json& message);
  void watch();
  void watch_behind_launcher();
  void ended();
  /// Its TMPDIR: a Blender makes its session folder as it starts, and one that is killed leaves it there. What its scene was opened from (pool/scratch.h).
  std::filesystem::path scratch() const;
  /// Removes what the process has left, once no worker needs it.
  void tidy();

  Context& context_;
  KeeperHost* host_;
  const Blender blender_;
  const core::Kind what_;
  const core::Isolation isolation_;
  const std::string nonce_ = random_hex(16);
  Stage stage_ = Stage::starting;
  bool retired_ = false;
  bool left_ = false;  // its folder is there, its process is not
  std::string why_, unfit_;
  std::string closed_;  // why its connection ended, if it did
  pid_t spawned_ = 0;
  UniqueFd pidfd_;
  asio::posix::stream_descriptor watch_, behind_launcher_;
  asio::steady_timer patience_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<KeeperFacts> facts_ = std::make_shared<KeeperFacts>();
};

}  // namespace offstage::pool
