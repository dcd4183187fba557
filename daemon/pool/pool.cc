// SPDX-License-Identifier: Apache-2.0
#include "pool/pool.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <cstring>
#include <shared_mutex>

#include "pool/adoption.h"
#include "pool/discovery.h"
#include "pool/fleet.h"
#include "pool/folder_watch.h"
#include "pool/leftovers.h"
#include "pool/prepare.h"
#include "pool/proof.h"
#include "pool/sweep.h"

namespace offstage::pool {
namespace {

class PoolImpl : public Pool, public AttemptSink {
 public:
  PoolImpl(asio::io_context& io, PoolOptions options, PoolEvents events, std::function<std::shared_ptr<const std::string>(JobId)> spec)
      : events_(std::move(events)),
        context_(io, std::move(options), std::move(spec)),
        fleet_(context_, catalog_, *this, fleet_events()),
        folder_watch_(context_, fleet_),
        progress_timer_(io) {}
  ~PoolImpl() override {
    *alive_ = false;
    context_.children.close();  // ends the looks at Blenders that are going on
  }

  Status open() { return context_.door.open(context_.options.socket); }

  // core::PoolPort
  void want(core::KindId kind, const core::Kind& what, core::Isolation isolation, unsigned idle) override { fleet_.want(kind, what, isolation, idle); }
  void prepare(const core::Assignment& assignment) override;
  void go(AttemptId attempt) override;
  void raise_flag(AttemptId attempt, int why) override {
    if (const auto worker = fleet_.find(attempt)) worker->raise_flag(why);
  }
  void terminate(AttemptId attempt) override {
    if (const auto worker = fleet_.find(attempt)) worker->terminate();
  }
  void kill(AttemptId attempt) override {
    if (const auto worker = fleet_.find(attempt)) worker->kill();
  }
  void forget(AttemptId attempt) override { context_.janitor.remove(context_.folder(attempt)); }

  // Pool
  void adopt(const std::vector<core::OpenAttempt>& open, const std::vector<AttemptId>& known) override;
  void start() override;
  void shutdown(bool kill_busy, std::function<void()> done) override {
    fleet_.wind_down(kill_busy, [this, done = std::move(done)] {  // folders of spares that have just ended go before the threads that remove them
      context_.janitor.when_done([this, done] { asio::post(context_.io, done); });
    });
  }
  void in_background(std::function<void()> work) override { asio::post(context_.background, std::move(work)); }
  void leftovers(KnownAttempts known, bool remove, std::function<void(std::vector<Leftover>)> done) override {
    find_leftovers(context_, fleet_, alive_, std::move(known), remove, std::move(done));
  }
  const Catalog& catalog() const override { return catalog_; }
  std::optional<Progress> progress(AttemptId attempt) const override;
  std::vector<ZygoteInfo> zygotes() const override;
  std::filesystem::path folder(AttemptId attempt) const override { return context_.folder(attempt); }

  // AttemptSink: for the core
  void worker_gone(AttemptId attempt, const std::string& why) override { events_.worker_gone({attempt, why}); }
  void started(AttemptId attempt) override { events_.started({attempt}); }
  void ended(core::AttemptEnded ended) override;
  void gone(core::AttemptGone gone) override { events_.gone(gone); }

 private:
  FleetEvents fleet_events();
  /// Runs `then` on the strand, unless the pool is gone.
  void post(std::function<void()> then) {
    asio::post(context_.io, [alive = alive_, then = std::move(then)] {
      if (*alive) then();
    });
  }
  void found(std::vector<Blender> blenders);
  void keep_page(const Worker& worker);
  void watch_progress();

  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  const PoolEvents events_;
  CatalogStore catalog_;
  mutable std::shared_mutex pages_mutex_;
  std::unordered_map<AttemptId, std::shared_ptr<Page>> pages_;  ///< of attempts that have begun or may
  Context context_;
  Fleet fleet_;
  FolderWatch folder_watch_;
  asio::steady_timer progress_timer_;
  bool watching_ = false;
};

FleetEvents PoolImpl::fleet_events() {
  return {.idle =
              [this](Worker& worker, core::KindId kind) {
                spdlog::debug("worker {} idle, process {}", worker.id.hex(), worker.process().pid);
                events_.worker_idle({worker.id, kind, worker.isolation, worker.process()});
              },
          .kind_failed =
              [this](core::KindId kind, core::Isolation isolation, const core::Failure& failure) {
                events_.kind_failed({kind, isolation, failure});
              },
          .ready =
              [this](core::KindId kind, core::Isolation isolation, std::int64_t bytes) {
                if (events_.keeper_ready) events_.keeper_ready({kind, isolation, bytes});
              },
          .over =
              [this](Worker& worker) {
                const std::unique_lock lock(pages_mutex_);
                pages_.erase(worker.id);
              }};
}

// ---- an attempt -------------------------------------------------------------------------------------------------------------------------

void PoolImpl::prepare(const core::Assignment& assignment) {
  const auto worker = fleet_.find(assignment.attempt);
  if (!worker || worker->stage() != Worker::Stage::idle) return;  // it has just died: WorkerGone is on its way
  const auto spec = assignment.spec ? assignment.spec : context_.spec(assignment.job);
  auto message = prepare_message(assignment, spec ? *spec : std::string(), context_.options.state);
  if (!spec || !message) {
    core::Outcome outcome;
    outcome.failure.reason = core::Reason::lost;
    outcome.failure.hint = spec ? message.error().hint : std::string();
    outcome.failure.message = spec ? message.error().message : "the spec of the job " + assignment.job.hex() + " is not in the store";
    return post([worker, outcome = std::move(outcome)] { worker->refuse(outcome); });
  }
  worker->job = assignment.job;
  worker->has_gpus = !assignment.gpus.empty();
  worker->prepare(*message, limits_message(assignment));
  fleet_.worker_taken(*worker);
  worker->watch_progress = assignment.watch_progress;
  keep_page(*worker);
  if (worker->watch_progress) watch_progress();
  folder_watch_.start();
}

void PoolImpl::go(AttemptId attempt) {
  const auto worker = fleet_.find(attempt);
  if (!worker) return;
  worker->go();
  spdlog::info("attempt {} handed over, process {}", attempt.hex(), worker->process().pid);
}

void PoolImpl::ended(core::AttemptEnded ended) {
  const core::Failure& failure = ended.outcome.failure;
  const char* state = ended.outcome.state == core::AttemptState::succeeded ? "succeeded"
                      : ended.outcome.state == core::AttemptState::failed  ? "failed"
                                                                           : "cancelled";
  spdlog::info("attempt {} {}{}{}", ended.attempt.hex(), state, failure.message.empty() ? "" : ": ", failure.message);
  events_.ended(ended);
}

// ---- progress ---------------------------------------------------------------------------------------------------------------------------

void PoolImpl::keep_page(const Worker& worker) {
  const std::unique_lock lock(pages_mutex_);
  pages_[worker.id] = worker.page();
}

std::optional<Progress> PoolImpl::progress(AttemptId attempt) const {
  const std::shared_lock lock(pages_mutex_);
  const auto found = pages_.find(attempt);
  if (found == pages_.end() || !found->second) return std::nullopt;
  return found->second->progress();
}

/// Once a second, for as long as somebody is to be watched.
void PoolImpl::watch_progress() {
  if (watching_) return;
  watching_ = true;
  progress_timer_.expires_after(std::chrono::seconds(1));
  progress_timer_.async_wait([this, alive = alive_](asio::error_code error) {
    if (error || !*alive) return;
    watching_ = false;
    std::vector<AttemptId> moved;
    bool more = false;
    for (const auto& [id, worker] : fleet_.workers()) {
      if (!worker->watch_progress || !worker->page()) continue;
      more = true;
      const std::uint64_t count = worker->page()->progress_count();
      if (std::exchange(worker->progress_seen, count) != count || worker->settling()) moved.push_back(id);
    }
    if (more) watch_progress();
    for (const AttemptId id : moved) events_.progressed({id});
  });
}

// ---- the pool ---------------------------------------------------------------------------------------------------------------------------

void PoolImpl::adopt(const std::vector<core::OpenAttempt>& open, const std::vector<AttemptId>& known) {
  context_.janitor.empty_trash();
  adopt_all(context_, fleet_, *this, open, [this](std::function<void()> then) { post(std::move(then)); });
  for (const auto& [id, worker] : fleet_.workers()) {
    keep_page(*worker);
    worker->watch_progress = true;  // its timeouts are the core's to know
    watch_progress();
    folder_watch_.start();
  }
  remove_leftovers(context_, alive_, known, open);
  asio::co_spawn(context_.io, sweep(context_, [this, alive = alive_](pid_t pid) { return !*alive || fleet_.is_known(pid); }), asio::detached);
}

void PoolImpl::start() {
  asio::post(context_.background, [this, alive = alive_] {  // joined by our destructor
    auto blenders = discover(context_.options.catalog, context_.children, context_.options.proof_cache, context_.options.state / "keepers");
    for (Blender& blender : blenders) {
      if (blender.error.empty()) read_proof(blender, context_.options.proof_cache, proof_key(blender, context_.options.worker_code));
    }
    asio::post(context_.io, [this, alive, blenders = std::move(blenders)]() mutable {
      if (*alive) found(std::move(blenders));
    });
  });
}

void PoolImpl::found(std::vector<Blender> blenders) {
  for (const Blender& b : blenders) {
    if (b.error.empty()) {
      spdlog::info("Blender {} found: {}", b.name, b.path.string());
    } else {
      spdlog::warn("the Blender {} cannot be used: {}", b.path.string(), b.error);
    }
  }
  if (blenders.empty()) spdlog::warn("no Blender was found");
  catalog_.publish({true, std::move(blenders)});
  const auto changed = [this](const Blender& blender) { events_.proof_changed({blender.name, blender.proof, blender.proof_reason}); };
  asio::co_spawn(context_.io, prove_all(context_, fleet_, catalog_, changed, alive_), asio::detached);
  fleet_.catalog_changed();
}

std::vector<ZygoteInfo> PoolImpl::zygotes() const {
  std::vector<ZygoteInfo> out;
  for (const auto& facts : fleet_.facts()) {
    out.push_back({facts->pid, facts->blender, facts->forks, facts->idle, facts->busy, facts->private_bytes, facts->scene, facts->start_time});
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Pool>> Pool::open(asio::io_context& io, PoolOptions options, PoolEvents events,
                                         std::function<std::shared_ptr<const std::string>(JobId)> spec) {
  for (const auto& folder : {options.state / "attempts", options.state / "keepers", options.state / "trash", options.proof_cache}) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
      return Error{Code::failed_precondition,
                   "FOLDER_FAILED",
                   "the folder " + folder.string() + " cannot be made: " + error.message(),
                   "look at the owner and mode of the folders above it",
                   "",
                   {{"file", folder.string()}}};
    }
    ::chmod(folder.c_str(), 0700);
  }
  become_subreaper();
  auto pool = std::make_unique<PoolImpl>(io, std::move(options), std::move(events), std::move(spec));
  if (const Status opened = pool->open(); !opened) return opened.error();
  return std::unique_ptr<Pool>(std::move(pool));
}

}  // namespace offstage::pool
