// SPDX-License-Identifier: Apache-2.0
//
// A pool with the fake Blender, its own state folder, and a record of all that it reports: the setting of the tests that run real processes.
#pragma once

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "offstage/v1/job.pb.h"
#include "pool/files.h"
#include "pool/pool.h"
#include "pool/procs.h"

namespace offstage::pool {

inline std::filesystem::path source_file(const std::string& below) { return std::filesystem::path(OFFSTAGE_SOURCE) / below; }

class PoolStage : public ::testing::Test {
 protected:
  PoolStage() {
    std::string folder = (std::filesystem::temp_directory_path() / "offstage-pool-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = folder;
  }
  ~PoolStage() override {
    if (pool_) {
      bool done = false;
      pool_->shutdown(true, [&done] { done = true; });
      run_until([&done] { return done; });
    }
    pool_.reset();
    kill_marked(state_id_, {}, std::chrono::seconds(5));
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  /// A pool with no Blender but the fake one; its search and proof have ended.
  void open(bool found = true) {
    PoolOptions options;
    options.state = root_ / "state";
    options.socket = root_ / "workers.sock";
    options.worker_code = source_file("daemon/worker");
    options.proof_cache = root_ / "cache";
    options.state_id = state_id_;
    options.catalog.configured = blenders_;
    options.catalog.search = false;
    options.huge_pages = false;
    options.start_patience = start_patience_;
    PoolEvents events;
    events.worker_idle = [this](const core::WorkerIdle& e) { idle_.push_back(e); };
    events.worker_gone = [this](const core::WorkerGone& e) { worker_gone_.push_back(e.worker); };
    events.started = [this](const core::AttemptStarted& e) { started_.push_back(e.attempt); };
    events.ended = [this](const core::AttemptEnded& e) { EXPECT_TRUE(ended_.emplace(e.attempt, e).second) << "ended twice"; };
    events.gone = [this](const core::AttemptGone& e) {
      EXPECT_TRUE(ended_.contains(e.attempt)) << "gone before it has ended";
      EXPECT_TRUE(gone_.emplace(e.attempt, e).second) << "gone twice";
    };
    events.progressed = [this](const core::AttemptProgressed& e) { progressed_.push_back(e.attempt); };
    events.kind_failed = [this](const core::KindFailed& e) { kind_failed_.push_back(e); };
    events.proof_changed = [this](const core::ProofChanged& e) { proofs_.push_back(e); };
    auto opened = Pool::open(io_, std::move(options), std::move(events), [](JobId) { return nullptr; });
    ASSERT_TRUE(opened) << opened.error().message;
    pool_ = std::move(*opened);
    if (!found) return;
    pool_->adopt({}, {});
    pool_->start();
    ASSERT_TRUE(run_until([this] { return !proofs_.empty(); })) << "no proof";
  }
  /// As `kill -9` of the daemon: nothing is told to anybody, sockets close.
  void lose_daemon() { pool_.reset(); }

  bool run_until(const std::function<bool()>& done, std::chrono::seconds patience = std::chrono::seconds(30)) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > until) return false;
      io_.restart();
      io_.run_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  /// A spare of this kind; its event is taken.
  core::WorkerIdle spare(core::Isolation isolation, const std::string& faults = {}) {
    core::Kind kind{fake_, {}};
    if (!faults.empty()) kind.start_env.emplace_back("FAKE_BLENDER", faults);
    pool_->want(7, kind, isolation, 1);
    EXPECT_TRUE(run_until([this] { return !idle_.empty(); })) << "no worker became idle";
    if (idle_.empty()) return {};
    const core::WorkerIdle first = idle_.front();
    idle_.erase(idle_.begin());
    return first;
  }
  core::Assignment assignment(AttemptId attempt, const std::string& script) const {
    v1::JobSpec spec;
    spec.mutable_script()->set_text(script);
    spec.mutable_script()->set_name("/tmp/a script.py");
    core::Assignment out;
    out.attempt = attempt;
    out.job = JobId::random();
    out.spec = std::make_shared<const std::string>(spec.SerializeAsString());
    return out;
  }
  /// Hands the script to a spare.
  core::WorkerIdle run(const std::string& script, core::Isolation isolation = core::Isolation::fork) {
    const core::WorkerIdle worker = spare(isolation);
    pool_->prepare(assignment(worker.worker, script));
    pool_->go(worker.worker);
    return worker;
  }
  bool started(AttemptId id) {
    return run_until([&] { return std::find(started_.begin(), started_.end(), id) != started_.end(); });
  }
  bool gone(AttemptId id) {
    return run_until([&] { return gone_.contains(id); });
  }
  bool worker_gone(AttemptId id) {
    return run_until([&] { return std::find(worker_gone_.begin(), worker_gone_.end(), id) != worker_gone_.end(); });
  }
  const core::Outcome& outcome(AttemptId id) { return ended_.at(id).outcome; }
  std::string fact(AttemptId id, const std::string& name) {
    for (const auto& [key, value] : outcome(id).failure.fields) {
      if (key == name) return value;
    }
    return {};
  }
  /// Waits for a file that a script writes, and gives its text.
  std::string wait_for(const std::filesystem::path& file) {
    EXPECT_TRUE(run_until([&file] { return std::filesystem::exists(file) && !read_file(file, 1000).value_or("").empty(); })) << file;
    return read_file(file, 1000).value_or("");
  }
  static bool alive(pid_t pid) {
    const auto stat = stat_of(pid);
    return stat && stat->state != 'Z';
  }

  const std::string state_id_ = random_hex(16);
  std::filesystem::path root_;
  std::vector<std::filesystem::path> blenders_ = {source_file("tests/support/fake_blender.py")};
  std::string fake_ = "4.9.0-fake_blender.py";
  Micros start_patience_{std::chrono::seconds(60)};
  asio::io_context io_;
  std::unique_ptr<Pool> pool_;
  std::vector<core::WorkerIdle> idle_;
  std::vector<AttemptId> worker_gone_, started_, progressed_;
  std::map<AttemptId, core::AttemptEnded> ended_;
  std::map<AttemptId, core::AttemptGone> gone_;
  std::vector<core::KindFailed> kind_failed_;
  std::vector<core::ProofChanged> proofs_;
};

}  // namespace offstage::pool
