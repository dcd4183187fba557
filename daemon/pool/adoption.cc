// SPDX-License-Identifier: Apache-2.0
#include "pool/adoption.h"

#include <spdlog/spdlog.h>

#include <asio/post.hpp>
#include <atomic>

#include "pool/cgroup.h"
#include "pool/crash_report.h"
#include "pool/procs.h"
#include "pool/settlement.h"
#include "pool/sweep.h"
#include "pool/verdict.h"

namespace offstage::pool {
namespace {

constexpr std::chrono::milliseconds kill_patience{2000};

void tell_end(Context& context, AttemptSink& sink, AttemptId id, core::Outcome outcome) {
  const auto folder = context.folder(id);
  const auto record = read_exit(folder, id);
  core::AttemptEnded ended{id, std::move(outcome), -1, ""};
  if (const auto page = Page::open(folder / "page")) {
    Progress last = (*page)->progress();
    ended.progress = last.fraction;
    ended.progress_message = std::move(last.message);
    obeyed(ended.outcome, (*page)->flag(), folder);
  }
  spdlog::info("attempt {}: ended while no daemon was watching{}", id.hex(), ended.outcome.state == core::AttemptState::succeeded ? ", and succeeded" : "");
  sink.ended(std::move(ended));
  sink.gone({id, record ? std::optional(record->exit) : std::nullopt});
  keep_crash_report(folder);
  context.janitor.remove(folder / "tmp");
}

void report_dead(Context& context, AttemptSink& sink, const core::OpenAttempt& attempt, const Post& post) {
  const AttemptId id = attempt.id;
  const auto folder = context.folder(id);
  auto outcome = read_outcome(folder, id);
  const auto page = Page::open(folder / "page");
  if (outcome && Settlement::needed(*outcome)) {
    const auto stop = std::make_shared<std::atomic<bool>>(page && (*page)->flag() != 0);
    return asio::post(context.results, [&context, &sink, post, settlement = Settlement{folder, id, attempt.job, context.spec, stop},
                                        outcome = std::move(*outcome)]() mutable {
      auto settled = settlement.settle(std::move(outcome));
      post([&context, &sink, id = settlement.attempt, settled = std::move(settled)]() mutable { tell_end(context, sink, id, std::move(settled)); });
    });
  }
  if (outcome) return tell_end(context, sink, id, std::move(*outcome));
  std::error_code error;
  const bool nothing_ran = page ? (*page)->untouched() : !std::filesystem::exists(folder, error);
  if (nothing_ran) {
    spdlog::info("attempt {}: its worker is dead and had not begun", id.hex());
    context.janitor.remove(folder);
    return sink.worker_gone(id, "it had not begun when the daemon ended");
  }
  const auto record = read_exit(folder, id);
  tell_end(context, sink, id,
           verdict({.exit = record ? std::optional(record->exit) : std::nullopt,
                    .flag = page ? (*page)->flag() : 0,
                    .watched = false,
                    .no_room = page && (*page)->phase() == Page::Phase::no_room,
                    .memory_limit = record ? record->memory_limit : 0},
                   folder));
}

}  // namespace

void adopt_all(Context& context, Fleet& fleet, AttemptSink& sink, const std::vector<core::OpenAttempt>& open, const Post& post) {
  std::vector<core::OpenAttempt> dead;
  for (const core::OpenAttempt& attempt : open) {
    UniqueFd pidfd = open_process(attempt.process);
    if (!pidfd) {
      dead.push_back(attempt);
      continue;
    }
    if (const pid_t keeper = marked_ancestor(attempt.process.pid, context.options.state_id); keeper != 0) fleet.keep(keeper);
    auto worker = std::make_shared<Worker>(context, fleet, sink, attempt.id, nullptr, attempt.isolation);
    worker->announce(sink);
    worker->job = attempt.job;
    fleet.adopt(worker);
    worker->adopt(attempt.process, std::move(pidfd));
    spdlog::info("attempt {}: adopted, process {}", attempt.id.hex(), attempt.process.pid);
    const bool begun = worker->page() && !worker->page()->untouched();
    if (begun && attempt.state == core::AttemptState::starting) post([&sink, id = attempt.id] { sink.started(id); });
  }
  const unsigned killed = kill_marked(context.options.state_id, fleet.processes(), kill_patience);
  if (!context.options.cgroup.empty()) remove_cgroups(context.options.cgroup, [&fleet](AttemptId id) { return fleet.find(id) != nullptr; });
  if (killed > 0) spdlog::info("{} processes of an earlier daemon killed", killed);
  post([&context, &sink, post, dead = std::move(dead)] {
    for (const core::OpenAttempt& attempt : dead) report_dead(context, sink, attempt, post);
  });
}

}  // namespace offstage::pool
