// SPDX-License-Identifier: Apache-2.0
#include "app/daemon.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <thread>

#include "api/server.h"
#include "api/unix_socket.h"
#include "app/contents_gc.h"
#include "app/enforcement.h"
#include "app/folders.h"
#include "app/gpus.h"
#include "app/leftovers.h"
#include "app/memory.h"
#include "app/notify.h"
#include "app/retention.h"
#include "app/state_log.h"
#include "app/strand.h"
#include "app/version.h"
#include "base/faults.h"
#include "core/engine.h"
#include "pool/cgroup.h"
#include "pool/pool.h"
#include "store/database.h"
#include "store/errors.h"
#include "store/store.h"

namespace offstage::app {
namespace {

constexpr int exit_commit_failed = 70;
constexpr std::chrono::seconds disk_look_again{1};
constexpr std::chrono::seconds stop_patience{1};  // a restart must not wait for a client that sleeps on its connection

class Daemon {
 public:
  Daemon(const Options& options, const Environment& environment, Folders folders)
      : options_(options), environment_(environment), folders_(std::move(folders)) {}

  Status open(const std::filesystem::path& worker_code);
  Ending run();

 private:
  Status open_store();
  Status open_pool(const std::filesystem::path& worker_code);
  Status restore();
  Status serve();
  void collect(bool dry_run, const api::GarbageReply& reply);

  pool::PoolEvents events();
  template <class Event>
  auto news() {
    return [this](const Event& event) {
      if (phase_ == Phase::ending) return;
      const Now now = Now::read();
      look_at_disk(now);  // first: the news may make room for a job
      engine_->apply(event, now);
    };
  }
  void default_blender();

  void look_at_disk(Now now);
  void on_deadline(Now now);
  std::optional<Mono> after_each();
  void wait_for_signal();
  void on_signal(int number);
  void drain();
  void end(Ending how, bool kill_busy);
  void feed_watchdog(Micros interval);
  unsigned slots() const { return options_.slots != 0 ? static_cast<unsigned>(options_.slots) : std::max(1U, std::thread::hardware_concurrency()); }

  enum class Phase { serving, draining, ending };

  const Options& options_;
  const Environment& environment_;
  const Folders folders_;
  const std::filesystem::path cgroup_ = pool::delegated_cgroup();
  Strand strand_;
  asio::signal_set signals_{strand_.io(), SIGTERM, SIGINT, SIGUSR2};
  asio::steady_timer watchdog_{strand_.io()};
  MemoryWatch memory_;
  api::WatchHub hub_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<StateLog> log_;
  std::unique_ptr<Leftovers> leftovers_;
  std::unique_ptr<Retention> retention_;
  std::unique_ptr<ContentsGc> contents_gc_;
  std::unique_ptr<pool::Pool> pool_;
  std::unique_ptr<core::Engine> engine_;
  std::unique_ptr<api::Server> server_;
  std::string default_blender_;
  bool disk_low_ = false;
  Phase phase_ = Phase::serving;
  Ending ending_ = Ending::stopped;
};

// ---- opening ----

Status Daemon::open(const std::filesystem::path& worker_code) {
  if (Status opened = open_store(); !opened) return opened;
  if (Status prepared = api::prepare_socket(folders_.workers_socket); !prepared) return prepared;
  if (Status opened = open_pool(worker_code); !opened) return opened;
  auto gpus = gpus_of(options_.gpus, environment_);
  if (!gpus) return gpus.error();
  if (!gpus->empty()) spdlog::info("{} GPUs may be handed out", gpus->size());
  engine_ = std::make_unique<core::Engine>(core::SchedulerOptions{.slots = slots(),
                                                                  .queue_length = options_.queue_length,
                                                                  .max_spares = static_cast<unsigned>(options_.max_spares),
                                                                  .default_blender = {},
                                                                  .spares_idle = options_.spares_idle,
                                                                  .warm_bytes = options_.warm_bytes < 0 ? all_memory() / 4 : options_.warm_bytes,
                                                                  .gpus = std::move(*gpus)},
                                           *log_, *pool_, hub_);
  leftovers_ = std::make_unique<Leftovers>(folders_.state, *store_, *pool_);
  retention_ = std::make_unique<Retention>(RetentionOptions{.age = options_.retention, .bytes = options_.retention_bytes}, strand_.io(), *engine_, *store_,
                                           *pool_, *leftovers_);
  contents_gc_ = std::make_unique<ContentsGc>(strand_.io(), *engine_, *store_, *pool_);
  if (Status restored = restore(); !restored) return restored;
  pool_->start();
  retention_->start(Now::read());
  leftovers_->start(Now::read());
  contents_gc_->start(Now::read());
  return serve();
}

Status Daemon::open_store() {
  auto opened = store::Store::open(
      {.folder = folders_.state, .low_water_bytes = options_.low_water, .blob_bytes = options_.blob_bytes},
      [this](core::Revision durable) { asio::post(strand_.io(), [this, durable] { engine_->on_durable(durable); }); },
      [](const Error& error) {
        spdlog::critical("the daemon ends at once: {} ({})", error.message, error.hint);
        spdlog::default_logger()->flush();
        ::_exit(exit_commit_failed);
      });
  if (!opened) return opened.error();
  store_ = std::move(*opened);
  log_ = std::make_unique<StateLog>(store_->committer());
  return Done{};
}

Status Daemon::open_pool(const std::filesystem::path& worker_code) {
  auto opened = pool::Pool::open(strand_.io(),
                                 {.state = folders_.state,
                                  .socket = folders_.workers_socket,
                                  .worker_code = worker_code,
                                  .proof_cache = folders_.proof_cache,
                                  .state_id = store_->state_id(),
                                  .catalog = {.configured = options_.blenders, .preferred = options_.blender, .search = options_.search_blenders},
                                  .huge_pages = options_.huge_pages,
                                  .cgroup = cgroup_,
                                  .log_bytes = options_.log_bytes,
                                  .attempt_bytes = options_.attempt_bytes,
                                  .keeper_idle = options_.keeper_idle},
                                 events(), [this](JobId job) { return store_->reader().spec(job); });
  if (!opened) return opened.error();
  pool_ = std::move(*opened);
  return Done{};
}

pool::PoolEvents Daemon::events() {
  return {.worker_idle = news<core::WorkerIdle>(),
          .worker_gone = news<core::WorkerGone>(),
          .started = news<core::AttemptStarted>(),
          .ended = news<core::AttemptEnded>(),
          .gone =
              [this, tell = news<core::AttemptGone>()](const core::AttemptGone& event) {
                tell(event);
                retention_->gone(event.attempt);
              },
          .progressed = news<core::AttemptProgressed>(),
          .kind_failed = news<core::KindFailed>(),
          .keeper_ready = news<core::KeeperReady>(),
          .proof_changed =
              [this, tell = news<core::ProofChanged>()](const core::ProofChanged& event) {
                tell(event);
                default_blender();
              }};
}

void Daemon::default_blender() {
  const auto catalog = pool_->catalog().snapshot();
  if (phase_ == Phase::ending || !catalog->complete || catalog->blenders.empty()) return;
  const pool::Blender& first = catalog->blenders.front();
  const std::string name = first.error.empty() ? first.name : "";
  if (std::exchange(default_blender_, name) != name) engine_->apply(core::DefaultBlender{name}, Now::read());
}

Status Daemon::restore() try {
  const store::Reader& reader = store_->reader();
  engine_->restore(reader.last_revision(), reader.last_seq());
  hub_.start(reader.last_revision());
  reader.live_jobs([this](const core::StoredJob& job) { engine_->load(job); });
  const auto open = reader.open_attempts();
  const Now now = Now::read();
  for (const core::OpenAttempt& attempt : open) engine_->adopt(attempt, now);
  pool_->adopt(open, reader.all_attempts());
  crash_point("app.after_adoption");
  return Done{};
} catch (const store::SqliteError& e) {
  return store::open_error(e, store::database_in(folders_.state));
}

Status Daemon::serve() {
  api::ServerInfo info{.version = version,
                       .state_dir = folders_.state.string(),
                       .log_file = options_.log_file.string(),
                       .instance = random_hex(8),
                       .features = {"fork"},
                       .enforcement = enforcement(cgroup_, options_.log_bytes, folders_.state, ::geteuid()),
                       .warnings = {},
                       .queue_length = static_cast<std::int64_t>(options_.queue_length),
                       .retention = options_.retention,
                       .retention_bytes = options_.retention_bytes,
                       .attempt_bytes = options_.attempt_bytes,
                       .connections = api::connection_limit(),
                       .slots = slots()};
  if (!options_.listen.empty()) info.features.emplace_back("tcp");
  auto started = api::Server::start({.socket = folders_.socket,
                                     .tcp = options_.listen,
                                     .tls = options_.tls_dir,
                                     .stop_patience = stop_patience,
                                     .collect = [this](bool dry_run, const api::GarbageReply& reply) { collect(dry_run, reply); }},
                                    strand_.io(), *engine_, *store_, *pool_, hub_, std::move(info));
  if (!started) return started.error();
  server_ = std::move(*started);
  return Done{};
}

/// Jobs first: what they were given goes with them.
void Daemon::collect(bool dry_run, const api::GarbageReply& reply) {
  retention_->collect(dry_run, Now::read(), [this, dry_run, reply](Result<std::vector<api::Garbage>> found) {
    if (!found) return reply(std::move(found));
    contents_gc_->collect(!dry_run, [reply, found = std::move(*found)](const std::vector<api::Garbage>& contents) mutable {
      found.insert(found.end(), contents.begin(), contents.end());
      reply(std::move(found));
    });
  });
}

// ---- running ----

Ending Daemon::run() {
  signals_.add(SIGHUP);
  wait_for_signal();
  notify(environment_, "READY=1");
  if (const auto interval = watchdog_interval(environment_)) feed_watchdog(*interval);
  spdlog::info("offstaged {} serves {} (pid {}, {} slots, state {})", version, folders_.socket.string(), ::getpid(), slots(), folders_.state.string());
  strand_.run([this] { return after_each(); }, [this] { on_deadline(Now::read()); });
  return ending_;
}

void Daemon::look_at_disk(Now now) {
  const bool low = store_->disk_low();
  if (low == std::exchange(disk_low_, low)) return;
  spdlog::warn(low ? "the disk of the state folder is almost full: nothing new is accepted or started" : "the disk of the state folder has room again");
  engine_->apply(core::DiskLow{low}, now);
}

void Daemon::on_deadline(Now now) {
  retention_->look(now);
  leftovers_->look(now);
  contents_gc_->look(now);
  engine_->tick(now);
}

std::optional<Mono> Daemon::after_each() {
  if (phase_ == Phase::ending) return std::nullopt;
  const Now now = Now::read();
  if (const auto is_short = memory_.look(now.mono)) {
    spdlog::warn(*is_short ? "memory is short: no Blenders are kept ready" : "memory is not short any more");
    engine_->apply(core::MemoryShort{*is_short}, now);
  }
  const bool idle = engine_->scheduler().attempts().empty() && engine_->durable() == engine_->scheduler().last_revision();
  if (phase_ == Phase::draining && idle) {
    end(Ending::stopped, false);
    return std::nullopt;
  }
  look_at_disk(now);
  const auto disk = disk_low_ ? std::optional(now.mono + disk_look_again) : std::nullopt;  // nobody tells of room on a disk
  std::optional<Mono> first;
  for (const auto& deadline : {engine_->next_deadline(), retention_->next(now), leftovers_->next(), contents_gc_->next(now), disk}) {
    if (deadline && (!first || *deadline < *first)) first = deadline;
  }
  return first;
}

void Daemon::feed_watchdog(Micros interval) {
  notify(environment_, "WATCHDOG=1");
  watchdog_.expires_after(interval);
  watchdog_.async_wait([this, interval](const std::error_code& error) {
    if (!error) feed_watchdog(interval);
  });
}

void Daemon::wait_for_signal() {
  signals_.async_wait([this](const std::error_code& error, int number) {
    if (error) return;
    on_signal(number);
    wait_for_signal();
  });
}

void Daemon::on_signal(int number) {
  if (phase_ == Phase::ending) return;
  if (number == SIGUSR2) {
    spdlog::info("the program starts again in place");
    end(Ending::replace, false);
  } else if (number == SIGINT || phase_ == Phase::draining) {
    spdlog::info("the daemon ends now");
    end(Ending::stopped, true);
  } else {
    drain();
  }
}

void Daemon::drain() {
  phase_ = Phase::draining;
  notify(environment_, "STOPPING=1");
  spdlog::info("the daemon ends when {} running jobs have ended", engine_->scheduler().attempts().size());
  engine_->set_draining(true, Now::read());
}

/// Clients first, then Blenders; news of either are not heard any more, the store and the attempts' folders have it all.
void Daemon::end(Ending how, bool kill_busy) {
  if (phase_ == Phase::serving && how == Ending::stopped) notify(environment_, "STOPPING=1");
  phase_ = Phase::ending;
  ending_ = how;
  crash_point("app.at_end");
  retention_->stop();
  engine_->set_draining(true, Now::read());  // who waits for a warm scene is answered, or the server would wait for that call
  server_->stop([this, kill_busy] { pool_->shutdown(kill_busy, [this] { strand_.stop(); }); });
}

}  // namespace

Result<Ending> run_daemon(const Options& options, const Environment& environment, const std::filesystem::path& executable) {
  const auto worker_code = find_worker_code(executable);
  if (!worker_code) return worker_code.error();
  static asio::io_context nobody;
  static const asio::signal_set held(nobody, SIGUSR2);  // never let go: between the daemon's end and its new program the signal would end the process
  Daemon daemon(options, environment, find_folders(options, environment));
  if (Status opened = daemon.open(*worker_code); !opened) return opened.error();
  const Ending ending = daemon.run();
  spdlog::info(ending == Ending::stopped ? "offstaged has ended" : "offstaged hands over");
  return ending;
}

}  // namespace offstage::app
