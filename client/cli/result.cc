// SPDX-License-Identifier: Apache-2.0
//
// offstage result ID
//
// Prints the value's JSON of a job that has succeeded; of another one its error, and ends as `wait` would.
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/ids.h"
#include "cli/output.h"
#include "cli/report.h"

namespace offstage::cli {
namespace {

int result(const Context& context, const std::string& id) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto name = job_name(*client, id);
  if (!name) return report(name.error());
  auto job = client->get(*name);
  if (!job) return report(job.error());
  if (!ended(job->state))
    return report({.code = Code::failed_precondition,
                   .reason = "JOB_NOT_ENDED",
                   .message = "the job has not ended",
                   .hint = "`offstage wait " + job->id.substr(0, 12) + "` waits for it",
                   .fields = {{"job", job->id}, {"state", std::string(name_of(job->state))}}});
  if (job->state == State::succeeded) out().write((job->result ? job->result->value_json : "null") + "\n");
  return report_end(*job);
}

}  // namespace

void add_result(Command root, Context& context) {
  auto id = std::make_shared<std::string>();
  Command command = root.command("result", "Print the result of a job, as JSON");
  command.argument("ID", *id, "The job's id, or its first digits");
  command.runs([&context, id] { return result(context, *id); });
}

}  // namespace offstage::cli
