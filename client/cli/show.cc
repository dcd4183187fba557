// SPDX-License-Identifier: Apache-2.0
//
// offstage show ID [--json]
//
// What matters first: of a failed job what happened, to what, and what to do; then what is known of any job, and its attempts.
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/failure.h"
#include "cli/ids.h"
#include "cli/job_json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/warnings.h"
#include "cli/words.h"

namespace offstage::cli {
namespace {

std::string files_text(const FilePage& files) {
  if (files.total_count == 0) return "";
  return std::to_string(files.total_count) + ", " + bytes_text(files.total_bytes);
}

std::string in_words(const Job& job, const std::vector<Attempt>& attempts, const FilePage& files, std::size_t width) {
  std::string text = failure_text(job, attempts);
  if (!text.empty()) text += "\n";
  const auto line = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) text += clip(key + std::string(12 - key.size(), ' ') + harmless_line(value), width) + "\n";
  };
  const auto time = [](const std::optional<Time>& at) { return at ? time_text(*at) : std::string(); };
  line("id", job.id);
  line("name", job.spec.display_name);
  line("state", state_text(job));
  line("progress", job.progress.message);
  line("script", job.spec.script.name.empty() ? job.spec.script.path : job.spec.script.name);
  line("scene", job.spec.scene ? job.spec.scene->path : "");
  line("blender", job.blender);
  line("priority", std::to_string(job.priority));
  for (const auto& [key, value] : job.labels) line("label", std::string(key).append("=").append(value));
  line("created", time(job.create_time));
  line("started", time(job.start_time));
  line("ended", time(job.end_time));
  line("ran", run_time_text(job));
  text += warnings_text(job.warnings);
  if (job.result) line("result", job.result->value_json);
  line("files", files_text(files));
  line("delivered", job.state == State::succeeded ? job.spec.deliver_to : "");
  if (!files.attempt.empty() && files.total_count > 0) line("out_dir", files.out_dir);
  if (!attempts.empty()) line("folder", attempts.back().folder);
  if (attempts.size() > 1 || (!attempts.empty() && job.state != State::succeeded)) {
    std::vector<Row> rows{{"ATTEMPT", "STATE", "REASON", "RAN", "MEMORY", "PID", "ISOLATION", "BLENDER"}};
    for (const Attempt& attempt : attempts)
      rows.push_back({std::to_string(attempt.number), std::string(name_of(attempt.state)), std::string(name_of(attempt.reason)), run_time_text(attempt),
                      attempt.usage.max_rss_bytes > 0 ? bytes_text(attempt.usage.max_rss_bytes) : "", std::to_string(attempt.pid),
                      std::string(name_of(attempt.isolation)), attempt.blender});
    text += "\n" + table(rows, width);
  }
  return text;
}

int show(const Context& context, const std::string& id) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto name = job_name(*client, id);
  if (!name) return report(name.error());
  auto job = client->get(*name);
  if (!job) return report(job.error());
  auto attempts = client->attempts(*name);
  if (!attempts) return report(attempts.error());
  if (context.json) {
    out().write(to_json(*job, *attempts) + "\n");
    return succeeded;
  }
  auto files = client->files({.name = *name, .page_size = 1});
  if (!files) return report(files.error());
  out().write(in_words(*job, *attempts, *files, Terminal::of(STDOUT_FILENO).width));
  return succeeded;
}

}  // namespace

void add_show(Command root, Context& context) {
  auto id = std::make_shared<std::string>();
  Command command = root.command("show", "Show a job: its state, error, result and attempts");
  command.argument("ID", *id, "The job's id, or its first digits");
  command.runs([&context, id] { return show(context, *id); });
}

}  // namespace offstage::cli
