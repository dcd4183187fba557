// SPDX-License-Identifier: Apache-2.0
#include "pool/adoption.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <unordered_set>

#include "pool/crash_report.h"
#include "pool/procs.h"
#include "pool/sweep.h"
#include "pool/verdict.h"

namespace offstage::pool {
namespace {

constexpr std::chrono::milliseconds kill_patience{2000};
constexpr std::chrono::hours keeper_logs_kept{7 * 24};

/// nullopt: there is no such file. ctime: nobody can set it back.
std::optional<Wall> changed_at(const std::filesystem::path& file) {
  struct stat s {};
  if (::lstat(file.c_str(), &s) != 0) return std::nullopt;
  return Wall(std::chrono::seconds(s.st_ctim.tv_sec) + std::chrono::duration_cast<Micros>(std::chrono::nanoseconds(s.st_ctim.tv_nsec)));
}

void report_dead(Context& context, AttemptSink& sink, AttemptId id) {
  const auto folder = context.folder(id);
  auto outcome = read_outcome(folder, id);
  const auto page = Page::open(folder / "page");
  const auto record = read_exit(folder, id);
  std::error_code error;
  const bool nothing_ran = page ? (*page)->untouched() : !std::filesystem::exists(folder, error);
  if (!outcome && nothing_ran) {
    spdlog::info("attempt {}: its worker is dead and had not begun", id.hex());
    context.janitor.remove(folder);
    return sink.worker_gone(id);
  }
  const auto exit = record ? std::optional(record->exit) : std::nullopt;
  core::AttemptEnded ended{id, {}, -1, ""};
  if (outcome) {
    ended.outcome = std::move(*outcome);
  } else {
    ended.outcome = verdict({.exit = exit,
                             .flag = page ? (*page)->flag() : 0,
                             .watched = false,
                             .no_room = page && (*page)->phase() == Page::Phase::no_room,
                             .memory_limit = record ? record->memory_limit : 0},
                            folder);
  }
  if (page) {
    Progress last = (*page)->progress();
    ended.progress = last.fraction;
    ended.progress_message = std::move(last.message);
  }
  spdlog::info("attempt {}: ended while no daemon was watching{}", id.hex(), ended.outcome.state == core::AttemptState::succeeded ? ", and succeeded" : "");
  sink.ended(std::move(ended));
  sink.gone({id, exit});
  keep_crash_report(folder);
  context.janitor.remove(folder / "tmp");
}

}  // namespace

void adopt_all(Context& context, Fleet& fleet, AttemptSink& sink, const std::vector<core::OpenAttempt>& open,
               const std::function<void(std::function<void()>)>& post) {
  std::vector<AttemptId> dead;
  for (const core::OpenAttempt& attempt : open) {
    UniqueFd pidfd = open_process(attempt.process);
    if (!pidfd) {
      dead.push_back(attempt.id);
      continue;
    }
    if (const pid_t keeper = marked_parent(attempt.process.pid, context.options.state_id); keeper != 0) fleet.keep(keeper);
    auto worker = std::make_shared<Worker>(context, fleet, sink, attempt.id, nullptr, attempt.isolation);
    worker->announce(sink);
    fleet.adopt(worker);
    worker->adopt(attempt.process, std::move(pidfd));
    spdlog::info("attempt {}: adopted, process {}", attempt.id.hex(), attempt.process.pid);
    const bool begun = worker->page() && !worker->page()->untouched();
    if (begun && attempt.state == core::AttemptState::starting) post([&sink, id = attempt.id] { sink.started(id); });
  }
  const unsigned killed = kill_marked(context.options.state_id, fleet.processes(), kill_patience);
  if (killed > 0) spdlog::info("{} processes of an earlier daemon killed", killed);
  post([&context, &sink, dead = std::move(dead)] {
    for (const AttemptId id : dead) report_dead(context, sink, id);
  });
}

void remove_leftovers(Context& context, const std::vector<AttemptId>& known, const std::vector<core::OpenAttempt>& open) {
  auto keep = std::make_shared<std::unordered_set<AttemptId>>(known.begin(), known.end());
  for (const core::OpenAttempt& attempt : open) keep->insert(attempt.id);
  const Wall before = Now::read().wall;
  asio::post(context.background, [keep, before, &context] {
    std::error_code error;
    for (std::filesystem::directory_iterator it(context.options.state / "attempts", error), end; !error && it != end; it.increment(error)) {
      const auto id = AttemptId::parse(it->path().filename().string());
      if (id && keep->contains(*id)) continue;
      const auto changed = changed_at(it->path());
      if (changed && *changed < before - std::chrono::milliseconds(10)) context.janitor.remove(it->path());  // what is newer was made for this daemon
    }
    for (std::filesystem::directory_iterator it(context.options.state / "keepers", error), end; !error && it != end; it.increment(error)) {
      const auto changed = changed_at(it->path());
      if (changed && *changed < before - keeper_logs_kept) context.janitor.remove(it->path());
    }
  });
}

}  // namespace offstage::pool
