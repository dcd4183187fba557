// SPDX-License-Identifier: Apache-2.0
//
// Runs the probes that proof.cc compares.
#include <sched.h>
#include <spdlog/spdlog.h>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "pool/files.h"
#include "pool/prepare.h"
#include "pool/proof.h"

namespace offstage::pool {
namespace {

constexpr std::chrono::seconds watchdog{90}, start_watchdog{200}, end_patience{20};
constexpr int tries = 3;

/// One attempt of the pool's own.
struct Run : Claim {
  explicit Run(asio::io_context& io) : news(io) {}
  void claimed(std::shared_ptr<Worker> its) override { worker = std::move(its), news.cancel(); }
  void refused(const std::string& why, bool is_unfit) override { failure = why, unfit = is_unfit, news.cancel(); }
  void worker_gone(AttemptId, const std::string&) override { failure = "the probe's worker died before it began", over = true, news.cancel(); }
  void started(AttemptId) override {}
  void ended(core::AttemptEnded end) override { outcome = std::move(end.outcome), news.cancel(); }
  void gone(core::AttemptGone) override { over = true, news.cancel(); }

  asio::awaitable<void> wait(std::chrono::seconds patience) {
    asio::error_code error;
    news.expires_after(patience);
    co_await news.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }

  asio::steady_timer news;  ///< cancelled when something has happened
  std::shared_ptr<Worker> worker;
  std::optional<core::Outcome> outcome;
  std::string failure;
  bool unfit = false, over = false;
};

struct Found {
  std::optional<Probe> probe;
  std::string failure;
  bool lasting = true;  ///< the failure will be the same next time: it may be cached
};

std::string probe_message(AttemptId attempt, const std::filesystem::path& worker_code) {
  const auto file = worker_code / "probe.py";
  const nlohmann::json message = {{"t", "prepare"},
                                  {"job", attempt.hex()},
                                  {"number", 1},
                                  {"script", {{"text", read_file(file, 1 << 20).value_or("")}, {"name", file.string()}}},
                                  {"args", nlohmann::json::array()},
                                  {"parameters_json", "{}"},
                                  {"scene", nullptr},
                                  {"env", nlohmann::json::object()},
                                  {"cpus", 0},
                                  {"memory_bytes", 0},
                                  {"umask", 077},
                                  {"nice", 5}};
  return message.dump();
}

asio::awaitable<Found> probe(Context& context, Fleet& fleet, const std::string& blender, core::Isolation isolation, std::shared_ptr<bool> alive) {
  const auto run = std::make_shared<Run>(context.io);
  fleet.claim({blender, {}}, isolation, *run);
  const auto start_by = std::chrono::steady_clock::now() + start_watchdog;
  while (*alive && !run->worker && run->failure.empty() && std::chrono::steady_clock::now() < start_by) co_await run->wait(start_watchdog);
  if (!*alive) co_return Found{};
  if (!run->worker) {
    fleet.withdraw(*run);
    co_return Found{std::nullopt, run->failure.empty() ? "no worker became ready in time" : run->failure, run->unfit};
  }
  const auto worker = run->worker;
  core::Assignment assignment;
  assignment.attempt = worker->id;
  worker->prepare(probe_message(worker->id, context.options.worker_code), limits_message(assignment));
  worker->go();
  const auto end_by = std::chrono::steady_clock::now() + watchdog;
  while (*alive && !run->outcome && !run->over && std::chrono::steady_clock::now() < end_by) co_await run->wait(watchdog);
  if (!*alive) co_return Found{};
  Found found;
  if (run->outcome && run->outcome->state == core::AttemptState::succeeded) {
    auto parsed = parse_probe(run->outcome->value_json);
    if (parsed) {
      found.probe = *parsed;
    } else {
      found.failure = parsed.error().message;
    }
  } else if (run->outcome) {
    found.failure = run->outcome->failure.message;
  } else {
    found.failure = run->over ? run->failure : "the probe did not end within 90 s";
    found.lasting = !run->over;
    worker->kill();
  }
  const auto gone_by = std::chrono::steady_clock::now() + end_patience;
  while (*alive && !run->over && std::chrono::steady_clock::now() < gone_by) co_await run->wait(end_patience);
  if (!*alive) co_return Found{};
  if (!run->over) worker->detach();  // unkillable: nothing is to call the run any more
  context.janitor.remove(context.folder(worker->id));
  co_return found;
}

unsigned cores_of_machine() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
}

/// True: the answer is worth keeping.
asio::awaitable<bool> prove(Context& context, Fleet& fleet, Blender& blender, std::shared_ptr<bool> alive) {
  blender.proof = core::ForkProof::refused;
  for (int i = 0; i < tries; ++i) {  // only the cores are asked again: a busy machine takes them from either side
    const Found cold = co_await probe(context, fleet, blender.name, core::Isolation::process, alive);
    if (!*alive) co_return false;
    if (!cold.probe) {
      blender.proof_reason = "the probe failed in a cold Blender: " + cold.failure;
      co_return false;
    }
    const Found fork = co_await probe(context, fleet, blender.name, core::Isolation::fork, alive);
    if (!*alive) co_return false;
    blender.proof_time = Now::read().wall;
    if (!fork.probe) {
      blender.proof_reason = fork.failure;
      co_return fork.lasting;
    }
    blender.cold_cores = cold.probe->cores;
    blender.fork_cores = fork.probe->cores;
    blender.proof_reason = compare(*cold.probe, *fork.probe, cores_of_machine());
    if (blender.proof_reason.empty()) {
      blender.proof = core::ForkProof::proven;
      co_return true;
    }
    if (!compare(*cold.probe, *fork.probe, 1).empty()) co_return true;
  }
  co_return true;
}

}  // namespace

asio::awaitable<void> prove_all(Context& context, Fleet& fleet, CatalogStore& catalog, std::function<void(const Blender&)> changed,
                                std::shared_ptr<bool> alive) {
  const auto all = catalog.snapshot();
  for (const Blender& blender : all->blenders) {  // the cached ones at once, none waits for another's proof
    if (blender.error.empty() && blender.proof != core::ForkProof::pending) changed(blender);
  }
  for (Blender blender : all->blenders) {
    if (!blender.error.empty() || blender.proof != core::ForkProof::pending) continue;
    const std::string key = proof_key(blender, context.options.worker_code);
    const bool keep = co_await prove(context, fleet, blender, alive);
    if (!*alive) co_return;
    if (keep) write_proof(blender, context.options.proof_cache, key);
    const bool proven = blender.proof == core::ForkProof::proven;
    spdlog::info("{}: fork {}{}{} ({:.1f} of {:.1f} cores)", blender.name, proven ? "proven" : "refused", proven ? "" : ": ", blender.proof_reason,
                 blender.fork_cores, blender.cold_cores);
    catalog.update(blender);
    changed(blender);
  }
}

}  // namespace offstage::pool
