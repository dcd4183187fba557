// SPDX-License-Identifier: Apache-2.0
//
// offstage run SCRIPT [options] [-- ARGS…]
//
// Submits, follows the log on stderr, prints just the result's JSON on stdout, and ends with the job's exit code.
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/follow.h"
#include "cli/interrupts.h"
#include "cli/job_json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/spec_options.h"

namespace offstage::cli {
namespace {

int run(const Context& context, const SpecOptions& options) {
  auto request = options.build(context.script_args);
  if (!request) return report_refused(request.error());
  Interrupts::hold();
  auto client = context.connect_or_start();
  if (!client) return report_refused(client.error());
  if (Status sent = options.send_files(*client, request->spec); !sent) return report_refused(sent.error());
  Follower follower(*client);
  auto created = client->create(std::move(*request));
  if (!created) return report_refused(options.explain(*client, created.error()));
  auto job = follower.follow(created->name, created->id);
  if (!job) return report(job.error());
  if (context.json) {
    auto attempts = client->attempts(job->name);
    if (!attempts) return report(attempts.error());
    out().write(to_json(*job, *attempts) + "\n");
  } else if (job->state == State::succeeded) {
    out().write((job->result ? job->result->value_json : "null") + "\n");
  }
  return report_end(*job, follower.log_tail());
}

}  // namespace

void add_run(Command root, Context& context) {
  auto options = std::make_shared<SpecOptions>();
  Command command = root.command("run", "Run a script: its log on stderr, its result as JSON on stdout");
  options->add_to(command);
  command.runs([&context, options] { return run(context, *options); });
}

}  // namespace offstage::cli
