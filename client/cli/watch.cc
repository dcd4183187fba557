// SPDX-License-Identifier: Apache-2.0
//
// offstage watch [ID…] [--json]
//
// One line a change. Named jobs: until all of them have ended; otherwise until Ctrl-C.
#include <set>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/ids.h"
#include "cli/job_json.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/words.h"

namespace offstage::cli {
namespace {

std::string short_id(const std::string& name) { return name.starts_with("jobs/") ? name.substr(5, 12) : name; }

struct Line {
  bool json;
  std::string operator()(const Job& job) const {
    if (json) return to_json(job, {});
    return job.id.substr(0, 12) + "  " + state_text(job) + "  " + harmless_line(job.spec.display_name);
  }
  std::string operator()(const JobDeleted& deleted) const {
    if (json) return JsonObject().text("deleted", deleted.name).text();
    return short_id(deleted.name) + "  deleted";
  }
  std::string operator()(const ProgressUpdate& update) const {
    if (json) return JsonObject().text("name", update.name).number("progress", update.progress.fraction).text("message", update.progress.message).text();
    return short_id(update.name) + "  " + std::to_string(static_cast<int>(update.progress.fraction * 100)) + "%  " + harmless_line(update.progress.message);
  }
  std::string operator()(const Synced&) const { return {}; }
  std::string operator()(const Reset&) const { return {}; }
};

int watch(const Context& context, const std::vector<std::string>& ids, const std::string& filter) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto names = job_names(*client, ids);
  if (!names) return report(names.error());
  std::set<std::string> open(names->begin(), names->end());
  const Status status = client->watch({.names = *names, .filter = filter, .include_progress = true}, [&](const WatchEvent& event) {
    if (const std::string line = std::visit(Line{context.json}, event.what); !line.empty() && !out().write(line + "\n")) return false;
    if (const Job* job = std::get_if<Job>(&event.what); job != nullptr && ended(job->state)) open.erase(job->name);
    if (const auto* deleted = std::get_if<JobDeleted>(&event.what)) open.erase(deleted->name);
    return names->empty() || !open.empty();
  });
  return status ? static_cast<int>(succeeded) : report(status.error());
}

}  // namespace

void add_watch(Command root, Context& context) {
  auto ids = std::make_shared<std::vector<std::string>>();
  auto filter = std::make_shared<std::string>();
  Command command = root.command("watch", "Follow jobs: one line a change");
  command.arguments("ID", *ids, "Jobs; none: all", false);
  command.value("--filter", *filter, "F", "Only jobs that this AIP-160 filter lets through");
  command.runs([&context, ids, filter] { return watch(context, *ids, *filter); });
}

}  // namespace offstage::cli
