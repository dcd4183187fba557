// SPDX-License-Identifier: Apache-2.0
//
// offstage submit SCRIPT [options] [-- ARGS…]
//
// Prints just the job's id (with --json the job), and does not wait.
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/job_json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/spec_options.h"

namespace offstage::cli {
namespace {

int submit(const Context& context, const SpecOptions& options, bool validate_only) {
  auto request = options.build(context.script_args);
  if (!request) return report_refused(request.error());
  request->validate_only = validate_only;
  auto client = context.connect_or_start();
  if (!client) return report_refused(client.error());
  if (Status sent = options.send_files(*client, request->spec); !sent) return report_refused(sent.error());
  auto job = client->create(std::move(*request));
  if (!job) return report_refused(options.explain(*client, job.error()));
  if (context.json) {
    out().write(to_json(*job, {}) + "\n");
  } else if (!validate_only) {
    out().write(job->id + "\n");
  }
  return succeeded;
}

}  // namespace

void add_submit(Command root, Context& context) {
  auto options = std::make_shared<SpecOptions>();
  auto validate_only = std::make_shared<bool>(false);
  Command command = root.command("submit", "Queue a script and print the job's id");
  options->add_to(command);
  command.flag("--validate-only", *validate_only, "Check everything, create nothing");
  command.runs([&context, options, validate_only] { return submit(context, *options, *validate_only); });
}

}  // namespace offstage::cli
