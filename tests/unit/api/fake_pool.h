// SPDX-License-Identifier: Apache-2.0
//
// A pool without Blenders: the test says which worker is idle, what a script does, and how it ends.
//
// Thread: as pool::Pool; what any thread may call is guarded.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <vector>

#include "pool/pool.h"

namespace offstage::api {

class FakeCatalog final : public pool::Catalog {
 public:
  std::shared_ptr<const pool::CatalogSnapshot> snapshot() const override {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  std::shared_ptr<const pool::CatalogSnapshot> wait(Micros) const override { return snapshot(); }
  void set(pool::CatalogSnapshot snapshot) {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::make_shared<const pool::CatalogSnapshot>(std::move(snapshot));
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const pool::CatalogSnapshot> snapshot_ = std::make_shared<const pool::CatalogSnapshot>();
};

inline pool::Blender fake_blender(const std::string& name, pool::Version version, core::ForkProof proof = core::ForkProof::proven) {
  pool::Blender blender;
  blender.name = name;
  blender.version = version;
  blender.path = "/opt/" + name + "/blender";
  blender.proof = proof;
  if (proof == core::ForkProof::refused) blender.proof_reason = "an unknown thread is alive";
  return blender;
}

class FakePool final : public pool::Pool {
 public:
  explicit FakePool(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void want(core::KindId kind, const core::Kind&, core::Isolation isolation, unsigned idle) override { wanted[{kind, isolation}] = idle; }
  void prepare(const core::Assignment&) override {}
  void go(AttemptId attempt) override { gone.push_back(attempt); }
  void raise_flag(AttemptId attempt, int) override { flagged.push_back(attempt); }
  void terminate(AttemptId) override {}
  void kill(AttemptId attempt) override { killed.push_back(attempt); }
  void forget(AttemptId attempt) override { forgotten.push_back(attempt); }
  void adopt(const std::vector<core::OpenAttempt>&, const std::vector<AttemptId>&) override {}
  void start() override {}
  void shutdown(bool, std::function<void()> done) override { done(); }

  void in_background(std::function<void()> work) override { work(); }
  void leftovers(pool::KnownAttempts, bool remove, std::function<void(std::vector<pool::Leftover>)> done) override {
    leftovers_removed += remove ? 1 : 0;
    done({});
  }

  const pool::Catalog& catalog() const override { return catalog_; }
  std::optional<pool::Progress> progress(AttemptId attempt) const override {
    const std::lock_guard lock(mutex_);
    const auto found = progress_.find(attempt);
    return found == progress_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<pool::ZygoteInfo> zygotes() const override { return {{.pid = 7, .blender = "4.5.1-blender", .forks = true, .idle = 2, .busy = 1}}; }
  std::filesystem::path folder(AttemptId attempt) const override { return folder_ / attempt.hex(); }

  void set_progress(AttemptId attempt, double fraction, const std::string& message) {
    const std::lock_guard lock(mutex_);
    pool::Progress& progress = progress_[attempt];
    progress = {fraction, message, progress.count + 1};
  }
  void log(AttemptId attempt, const std::string& text) const {
    std::filesystem::create_directories(folder(attempt));
    std::ofstream(folder(attempt) / "log", std::ios::app | std::ios::binary) << text;
  }

  FakeCatalog catalog_;
  // of the core strand
  std::map<std::pair<core::KindId, core::Isolation>, unsigned> wanted;
  std::vector<AttemptId> gone, flagged, killed, forgotten;
  int leftovers_removed = 0;

 private:
  const std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::map<AttemptId, pool::Progress> progress_;
};

}  // namespace offstage::api
