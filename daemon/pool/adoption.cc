// SPDX-License-Identifier: Apache-2.0
#include "pool/adoption.h"

#include <spdlog/spdlog.h>

#include "pool/cgroup.h"
#include "pool/crash_report.h"
#include "pool/procs.h"
#include "pool/sweep.h"
#include "pool/verdict.h"

namespace offstage::pool {
namespace {

constexpr std::chrono::milliseconds kill_patience{2000};

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
  if (!context.options.cgroup.empty()) remove_cgroups(context.options.cgroup, [&fleet](AttemptId id) { return fleet.find(id) != nullptr; });
  if (killed > 0) spdlog::info("{} processes of an earlier daemon killed", killed);
  post([&context, &sink, dead = std::move(dead)] {
    for (const AttemptId id : dead) report_dead(context, sink, id);
  });
}

}  // namespace offstage::pool
