// SPDX-License-Identifier: Apache-2.0
#include "pool/fleet.h"

#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <nlohmann/json.hpp>

#include "pool/boot_line.h"
#include "pool/prepare.h"
#include "pool/procs.h"
#include "pool/sweep.h"

namespace offstage::pool {
namespace {

constexpr std::chrono::milliseconds surplus_patience{1000}, first_pause{250}, longest_pause{30'000}, hand_over_patience{20};
constexpr std::chrono::minutes proof_keeper_idle{1};  // for a job that may come right after the proof
constexpr unsigned failures_before_report = 3;

std::string fork_message(const Worker& worker) {
  return nlohmann::json({{"t", "fork"}, {"attempt", worker.id.hex()}, {"nonce", worker.nonce}, {"memory_bytes", 0}}).dump();
}

}  // namespace

/// Workers of one kind and isolation.
struct Fleet::Line {
  Line(asio::io_context& io, Key k) : key(std::move(k)), retry(io), surplus(io), idle(io), hand_over(io) {}
  const Key key;
  core::KindId kind = 0;
  bool wanted_by_core = false;  ///< `kind` is set
  unsigned want = 0;
  std::deque<Claim*> claims;
  std::shared_ptr<Keeper> keeper;  ///< the one that makes workers now
  unsigned failures = 0;           ///< starts in a row
  bool pausing = false;
  bool yielding = false;  ///< to a hand-over
  asio::steady_timer retry, surplus, idle, hand_over;
};

Fleet::Fleet(Context& context, CatalogStore& catalog, AttemptSink& core, FleetEvents events)
    : context_(context), catalog_(catalog), core_(core), events_(std::move(events)) {}

Fleet::~Fleet() {
  *alive_ = false;
  for (const auto& [id, worker] : workers_) worker->detach();
  for (const auto& keeper : keepers_) keeper->detach();
}

// ---- what should be there ---------------------------------------------------------------------------------------------------------------

Fleet::Line& Fleet::line(const core::Kind& what, core::Isolation isolation) {
  auto& slot = lines_[{what, isolation}];
  if (!slot) slot = std::make_unique<Line>(context_.io, Key{what, isolation});
  return *slot;
}

void Fleet::want(core::KindId kind, const core::Kind& what, core::Isolation isolation, unsigned idle) {
  Line& l = line(what, isolation);
  l.kind = kind;
  l.wanted_by_core = true;
  l.want = idle;
  refill(l);
}

void Fleet::claim(const core::Kind& what, core::Isolation isolation, Claim& claim) {
  Line& l = line(what, isolation);
  l.claims.push_back(&claim);
  refill(l);
}

void Fleet::withdraw(Claim& claim) {
  for (auto& [key, l] : lines_) std::erase(l->claims, &claim);
}

void Fleet::catalog_changed() {
  for (auto& [key, l] : lines_) refill(*l);
}

Fleet::Line* Fleet::line_of(const Worker& worker) { return worker.keeper() ? line_of(*worker.keeper()) : nullptr; }
Fleet::Line* Fleet::line_of(const Keeper& keeper) {
  const auto found = lines_.find({keeper.what(), keeper.isolation()});
  return found == lines_.end() ? nullptr : found->second.get();
}

unsigned Fleet::spares(const Line& l) const {
  return static_cast<unsigned>(std::count_if(workers_.begin(), workers_.end(), [&l](const auto& entry) {
    return entry.second->keeper() == l.keeper && entry.second->stage() <= Worker::Stage::idle;
  }));
}

void Fleet::refill(Line& l) {
  if (winding_down_) return;
  const unsigned needed = l.want + static_cast<unsigned>(l.claims.size());
  const bool keeper = l.keeper && l.keeper->stage() <= Keeper::Stage::ready;
  const unsigned have = keeper ? spares(l) : 0;
  if (needed > have && !l.pausing) {
    if (!keeper) {
      start_keeper(l);
    } else if (l.keeper->stage() == Keeper::Stage::ready && !l.yielding) {
      fork(l, needed - have);
    }
  }
  if (have > needed) after(l.surplus, surplus_patience, [this, &l] { drop_surplus(l); });
  if (needed == 0 && keeper) {
    const Micros patience = !l.key.first.scene.empty() ? Micros(0)  // the core has decided that it goes
                            : l.wanted_by_core         ? context_.options.keeper_idle
                                                       : std::min<Micros>(context_.options.keeper_idle, proof_keeper_idle);
    after(l.idle, std::chrono::duration_cast<std::chrono::milliseconds>(patience), [this, &l] { retire_when_idle(l); });
  } else {
    l.idle.cancel();
  }
}

void Fleet::fork(Line& l, unsigned count) {
  std::string frames;
  for (unsigned i = 0; i < count; ++i) {
    auto worker = std::make_shared<Worker>(context_, *this, core_, AttemptId::random(), l.keeper, l.key.second);
    worker->expect();
    frames += frame(fork_message(*worker));
    workers_.emplace(worker->id, std::move(worker));
  }
  l.keeper->send(frames);  // one system call for all
}

void Fleet::start_keeper(Line& l) {
  const auto catalog = catalog_.snapshot();
  const auto blender = catalog_.find(l.key.first.blender);
  if (!blender && !catalog->complete) return;  // catalog_changed() comes back
  if (!blender || !blender->error.empty()) {
    l.failures = failures_before_report;
    return failed(l, !blender ? "it is not installed any more" : blender->error, false);
  }
  auto keeper = std::make_shared<Keeper>(context_, *this, *blender, l.key.first, l.key.second);
  if (const Status started = keeper->start(); !started) return failed(l, started.error().message, started.error().reason == "BLOB_NOT_FOUND");
  l.keeper = keeper;
  keepers_.push_back(keeper);
  const std::scoped_lock lock(facts_mutex_);
  facts_.push_back(keeper->facts());
}

void Fleet::drop_surplus(Line& l) {
  const unsigned needed = l.want + static_cast<unsigned>(l.claims.size());
  unsigned have = spares(l);
  std::vector<std::shared_ptr<Worker>> surplus;
  for (const auto& [id, worker] : workers_) {
    if (have <= needed) break;
    if (worker->keeper() != l.keeper || worker->stage() != Worker::Stage::idle) continue;
    surplus.push_back(worker);
    --have;
  }
  for (const auto& worker : surplus) worker->dismiss();
  if (have > needed) after(l.surplus, surplus_patience, [this, &l] { drop_surplus(l); });  // the rest is still starting
}

void Fleet::retire_when_idle(Line& l) {
  if (l.want > 0 || !l.claims.empty() || !l.keeper) return;
  const bool in_use = std::any_of(workers_.begin(), workers_.end(), [&l](const auto& entry) { return entry.second->keeper() == l.keeper; });
  if (in_use && l.key.first.scene.empty()) return refill(l);
  spdlog::info("{} is not needed any more, it is retired", l.keeper->name());
  const auto keeper = l.keeper;
  retire(*keeper);
  if (keeper->facts()->busy == 0) keeper->last_call();
}

void Fleet::retire(Keeper& keeper) {
  keeper.retire();  // first: who is dismissed asks for another one
  const auto workers = workers_;
  for (const auto& [id, spare] : workers) {
    if (spare->keeper().get() == &keeper && spare->stage() <= Worker::Stage::idle) spare->dismiss();
  }
}

// ---- failures ---------------------------------------------------------------------------------------------------------------------------

void Fleet::failed(Line& l, const std::string& why, bool unfit) {
  ++l.failures;
  if (unfit || l.failures >= failures_before_report) {
    l.failures = std::max(l.failures, failures_before_report);
    asio::post(context_.io, [this, alive = alive_, &l, why, unfit] {  // never from within a call of the core
      if (*alive) report(l, why, unfit);
    });
  }
  const auto pause = l.failures == 1 ? std::chrono::milliseconds(0) : std::min(longest_pause, first_pause * (1 << std::min(l.failures, 10U)));
  l.pausing = true;
  after(l.retry, pause, [this, &l] {
    l.pausing = false;
    refill(l);
  });
}

void Fleet::report(Line& l, const std::string& why, bool unfit) {
  const bool forks = l.key.second == core::Isolation::fork;
  for (Claim* claim : std::exchange(l.claims, {})) claim->refused(why, unfit);
  if (!l.wanted_by_core) return;
  core::Failure failure;
  failure.reason = core::Reason::blender_unavailable;
  failure.message = "the Blender " + l.key.first.blender + (forks ? " cannot be made a zygote: " : " cannot be started: ") + why;
  if (!l.key.first.scene.empty()) failure.message = why;
  if (const auto wrapper = wrapper_of(l.key.first); !wrapper.empty()) {
    failure.message += " (under the wrapper " + wrapper[0] + ")";
    failure.fields.emplace_back("wrapper", wrapper[0]);
  }
  failure.hint = forks ? "let it start cold (--isolation process), or see `offstage blenders`"
                       : "see `offstage blenders` and the daemon's log, or name another one with --blender";
  failure.fields.emplace_back("blender", l.key.first.blender);
  spdlog::error("{}", failure.message);
  events_.kind_failed(l.kind, l.key.second, failure);
}

// ---- keepers ----------------------------------------------------------------------------------------------------------------------------

void Fleet::keeper_ready(Keeper& keeper) {
  Line* const l = line_of(keeper);
  if (l == nullptr) return;
  refill(*l);
  if (l->wanted_by_core) events_.ready(l->kind, l->key.second, keeper.facts()->share_bytes);
}

void Fleet::keeper_ended(Keeper& keeper, const std::string& why, const std::string& unfit) {
  const auto self = keeper.shared_from_this();
  std::erase(keepers_, self);
  {
    const std::scoped_lock lock(facts_mutex_);
    std::erase(facts_, keeper.facts());
  }
  Line* const l = line_of(keeper);
  const bool current = l != nullptr && l->keeper == self;
  if (current) l->keeper = nullptr;
  std::vector<std::shared_ptr<Worker>> its;
  for (const auto& [id, worker] : workers_) {
    if (worker->keeper() == self) its.push_back(worker);
  }
  for (const auto& worker : its) {
    worker->dismiss();  // spares end; of a busy one this changes nothing
    worker->orphaned();
  }
  asio::co_spawn(context_.io, sweep(context_, [this, alive = alive_](pid_t pid) { return !*alive || is_known(pid); }), asio::detached);
  if (current && !winding_down_ && !keeper.retired()) {
    const std::string lines = keeper.log_lines();
    failed(*l, !unfit.empty() ? unfit : why + (lines.empty() ? "" : "; its log ends with: " + lines), !unfit.empty());
  } else if (current) {
    refill(*l);
  }
  check_empty();
}

void Fleet::worker_forked(AttemptId attempt, core::ProcessId process) {
  if (const auto worker = find(attempt)) worker->forked(process);
}

void Fleet::fork_failed(AttemptId attempt, const std::string& reason) {
  const auto worker = find(attempt);
  if (!worker) return;
  Line* const l = line_of(*worker);
  spdlog::warn("{} could not make a worker: {}", worker->keeper()->name(), reason);
  if (l != nullptr && worker->stage() == Worker::Stage::starting) failed(*l, reason, false);
  worker->dismiss();
  worker->exited(std::nullopt);
}

void Fleet::worker_exited(AttemptId attempt, const std::string& record_json) {
  const auto worker = find(attempt);
  if (!worker) return;
  auto record = parse_exit_json(record_json, attempt);
  if (!record) spdlog::warn("worker {}: its keeper's exit record cannot be read: {}", attempt.hex(), record.error().message);
  worker->exited(record ? std::optional(*record) : std::nullopt);
}

// ---- workers ----------------------------------------------------------------------------------------------------------------------------

std::shared_ptr<Worker> Fleet::find(AttemptId id) const {
  const auto found = workers_.find(id);
  return found == workers_.end() ? nullptr : found->second;
}

void Fleet::worker_idle(Worker& worker) {
  Line* const l = line_of(worker);
  if (winding_down_ || l == nullptr) return worker.dismiss();
  l->failures = 0;
  if (!l->claims.empty()) {
    Claim* const claim = l->claims.front();
    l->claims.pop_front();
    worker.announce(*claim);
    claim->claimed(worker.shared_from_this());
  } else if (l->wanted_by_core) {
    worker.announce(core_);
    events_.idle(worker, l->kind);
  }
  refill(*l);
}

/// Making a process copies the page tables of a whole Blender: milliseconds of a CPU, which the one that has just been taken needs to start its script. So the
/// fork waits until that has begun, as long as another spare is there for whoever comes next.
void Fleet::worker_taken(const Worker& worker) {
  Line* const l = line_of(worker);
  if (l == nullptr) return;
  l->yielding = std::any_of(workers_.begin(), workers_.end(),
                            [&](const auto& entry) { return entry.second->keeper() == l->keeper && entry.second->stage() == Worker::Stage::idle; });
  after(l->hand_over, l->yielding ? hand_over_patience : std::chrono::milliseconds(0), [this, l] { stop_yielding(*l); });
}

void Fleet::worker_started(Worker& worker) {
  if (Line* l = line_of(worker)) stop_yielding(*l);
}

/// What its zygote has loaded is not what is on the disk any more: the worker has loaded it anew for itself, those after it come of a fresh zygote.
void Fleet::worker_stale(Worker& worker, const std::string& file) {
  Line* const l = line_of(worker);
  if (l == nullptr || l->keeper != worker.keeper() || l->keeper->retired()) return;
  spdlog::info("{} is stale, {} has changed: a fresh one takes its place", l->keeper->name(), file);
  retire(*worker.keeper());
  refill(*l);
}

void Fleet::stop_yielding(Line& l) {
  l.yielding = false;
  l.hand_over.cancel();
  refill(l);
}

void Fleet::worker_dismissed(Worker& worker) {
  if (Line* l = line_of(worker)) refill(*l);
}

void Fleet::worker_over(Worker& worker, bool early) {
  const auto self = worker.shared_from_this();
  workers_.erase(worker.id);
  events_.over(worker);
  Line* const l = line_of(worker);
  const auto& keeper = worker.keeper();
  if (early && l != nullptr && keeper->stage() == Keeper::Stage::ready) {
    failed(*l, "a worker ended before it was ready" + (keeper->log_lines().empty() ? "" : "; the log ends with: " + keeper->log_lines()), false);
  } else if (l != nullptr) {
    refill(*l);
  }
  if (keeper && keeper->stage() == Keeper::Stage::retiring && keeper->facts()->busy == 0) keeper->last_call();
  check_empty();
}

bool Fleet::is_known(pid_t pid) const {
  const auto all = processes();
  return std::find(all.begin(), all.end(), pid) != all.end();
}

std::vector<pid_t> Fleet::processes() const {
  std::vector<pid_t> out = old_keepers_;
  for (const auto& keeper : keepers_) out.push_back(keeper->pid());
  for (const auto& [id, worker] : workers_) {
    if (worker->process().pid != 0) out.push_back(worker->process().pid);
  }
  return out;
}

std::vector<std::shared_ptr<KeeperFacts>> Fleet::facts() const {
  const std::scoped_lock lock(facts_mutex_);
  return facts_;
}

// ---- the end ----------------------------------------------------------------------------------------------------------------------------

void Fleet::wind_down(bool kill_busy, std::function<void()> empty) {
  winding_down_ = true;
  killing_ = kill_busy;
  empty_ = std::move(empty);
  const auto workers = workers_;
  for (const auto& [id, worker] : workers) {
    if (worker->stage() <= Worker::Stage::prepared) worker->dismiss();
    if (worker->stage() == Worker::Stage::running && kill_busy) worker->kill();
  }
  const auto keepers = keepers_;
  for (const auto& keeper : keepers) {
    keeper->retire();
    if (keeper->facts()->busy == 0 || kill_busy) keeper->last_call();
  }
  check_empty();
}

void Fleet::check_empty() {
  if (!empty_) return;
  const bool workers =
      std::any_of(workers_.begin(), workers_.end(), [this](const auto& entry) { return killing_ || entry.second->stage() != Worker::Stage::running; });
  const bool keepers = std::any_of(keepers_.begin(), keepers_.end(), [this](const auto& keeper) { return killing_ || keeper->facts()->busy == 0; });
  if (workers || keepers) return;
  asio::post(context_.io, std::exchange(empty_, nullptr));
}

void Fleet::after(asio::steady_timer& timer, std::chrono::milliseconds delay, std::function<void()> then) {
  timer.expires_after(delay);
  timer.async_wait([alive = alive_, then = std::move(then)](asio::error_code error) {
    if (!error && *alive) then();
  });
}

}  // namespace offstage::pool
