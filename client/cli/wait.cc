// SPDX-License-Identifier: Apache-2.0
//
// offstage wait ID…
//
// Ends with run's exit code; of several jobs, with the first one (in the order given) that is not 0. Ctrl-C leaves the jobs alone.
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/ids.h"
#include "cli/job_json.h"
#include "cli/output.h"
#include "cli/report.h"

namespace offstage::cli {
namespace {

int wait(const Context& context, const std::vector<std::string>& ids) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto names = job_names(*client, ids);
  if (!names) return report(names.error());
  int code = succeeded;
  for (const std::string& name : *names) {
    auto job = client->wait(name);
    if (!job) return report(job.error());
    if (context.json) {
      auto attempts = client->attempts(name);
      if (!attempts) return report(attempts.error());
      out().write(to_json(*job, *attempts) + "\n");
    }
    const int one = report_end(*job);
    if (code == succeeded) code = one;
  }
  return code;
}

}  // namespace

void add_wait(Command root, Context& context) {
  auto ids = std::make_shared<std::vector<std::string>>();
  Command command = root.command("wait", "Wait for the end of jobs; the exit code tells how they ended");
  command.arguments("ID", *ids, "Jobs");
  command.runs([&context, ids] { return wait(context, *ids); });
}

}  // namespace offstage::cli
