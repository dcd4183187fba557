// SPDX-License-Identifier: Apache-2.0
//
// offstage list [--limit N] [--state S]… [--filter F] [--json]
//
// Newest first.
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/job_json.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/words.h"

namespace offstage::cli {
namespace {

struct ListOptions {
  std::string limit = "50", filter;
  std::vector<std::string> states;
};

/// "(QUEUED OR RUNNING)" from "queued,running" or repeated options.
Result<std::string> filter_of(const ListOptions& options) {
  std::string any;
  for (const std::string& text : options.states) {
    std::istringstream words(text);
    for (std::string word; std::getline(words, word, ',');) {
      const auto state = state_named(word);
      if (!state)
        return Error{.code = Code::invalid_argument,
                     .reason = "BAD_OPTION",
                     .message = "--state: there is no such state",
                     .hint = "held, blocked, queued, running, cancelling, succeeded, failed or cancelled",
                     .fields = {{"value", word}}};
      any += (any.empty() ? "" : " OR ") + std::string(name_of(*state));
    }
  }
  if (any.empty()) return options.filter;
  return "state = (" + any + ")" + (options.filter.empty() ? "" : " AND " + options.filter);
}

Result<std::vector<Job>> fetch(const Client& client, const std::string& filter, std::size_t limit) {
  constexpr std::size_t page = 200;
  std::vector<Job> jobs;
  ListRequest request{.filter = filter};
  while (jobs.size() < limit) {
    request.page_size = static_cast<std::int32_t>(std::min(limit - jobs.size(), page));
    auto reply = client.list(request);
    if (!reply) return reply.error();
    std::ranges::move(reply->jobs, std::back_inserter(jobs));
    request.page_token = reply->next_page_token;
    if (request.page_token.empty()) break;
  }
  return jobs;
}

int list(const Context& context, const ListOptions& options) {
  const auto limit = parse_number("--limit", options.limit, 1, 10'000'000);
  if (!limit) return report(limit.error());
  const auto filter = filter_of(options);
  if (!filter) return report(filter.error());
  auto client = context.connect();
  if (!client) return report(client.error());
  auto jobs = fetch(*client, *filter, static_cast<std::size_t>(*limit));
  if (!jobs) return report(jobs.error());
  if (context.json) {
    std::string comma;
    out().write("[");
    for (const Job& job : *jobs) {
      auto attempts = job.attempt_count > 0 ? client->attempts(job.name) : Result<std::vector<Attempt>>(std::vector<Attempt>());
      if (!attempts && attempts.error().code == Code::not_found) continue;  // deleted since
      if (!attempts) return report(attempts.error());
      out().write(std::exchange(comma, ",\n ") + to_json(job, *attempts));
    }
    out().write("]\n");
    return succeeded;
  }
  if (jobs->empty()) {
    note("no jobs");
    return succeeded;
  }
  std::vector<Row> rows{{"ID", "STATE", "AGE", "TIME", "PRIO", "NAME"}};
  for (const Job& job : *jobs)
    rows.push_back({job.id.substr(0, 12), state_text(job), age_text(job), run_time_text(job), std::to_string(job.priority), job.spec.display_name});
  out().write(table(rows, Terminal::of(STDOUT_FILENO).width));
  return succeeded;
}

}  // namespace

void add_list(Command root, Context& context) {
  auto options = std::make_shared<ListOptions>();
  Command command = root.command("list", "List jobs, the newest first");
  command.value("--limit", options->limit, "N", "At most so many (50)")
      .values("--state", options->states, "S", "Only jobs in this state; repeat it, or separate by commas")
      .value("--filter", options->filter, "F", "An AIP-160 filter, for example 'labels.shot = \"010\"'");
  command.runs([&context, options] { return list(context, *options); });
}

}  // namespace offstage::cli
