// SPDX-License-Identifier: Apache-2.0
//
// offstage blenders [--json]
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/job_json.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace offstage::cli {
namespace {

std::string breaker_json(const Breaker& breaker) {
  JsonObject out;
  out.text("state", name_of(breaker.state)).number("crashes", std::int64_t{breaker.crashes}).text("reason", breaker.reason);
  return out.raw("trial_time", json_time(breaker.trial_time)).raw("variables", json_map(breaker.variables)).text();
}

std::string remark(const Blender& blender) {
  if (!blender.error.empty()) return blender.error;
  if (blender.breakers.empty()) return blender.fork_reason;
  const Breaker& breaker = blender.breakers.front();
  return (breaker.crashes > 0 ? std::to_string(breaker.crashes) + " forked workers in a row crashed" : "no zygote could be had") +
         "; jobs start cold until a trial does well: " + breaker.reason;
}

std::string blender_json(const Blender& blender) {
  JsonObject out;
  out.text("name", blender.name).text("version", blender.version).text("path", blender.path).text("fork", name_of(blender.fork));
  out.text_or_null("reason", blender.fork_reason).text_or_null("error", blender.error).boolean("default", blender.is_default);
  out.text("kind", blender.module ? "module" : "executable").text("build_hash", blender.build_hash);
  std::vector<std::string> breakers;
  breakers.reserve(blender.breakers.size());
  for (const Breaker& breaker : blender.breakers) breakers.push_back(breaker_json(breaker));
  out.raw("breakers", json_array(breakers));
  return out.number("fork_cores", blender.fork_cores).number("cold_cores", blender.cold_cores).text();
}

int blenders(const Context& context) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto found = client->blenders();
  if (!found) return report(found.error());
  if (context.json) {
    std::vector<std::string> rows;
    for (const Blender& blender : *found) rows.push_back(blender_json(blender));
    out().write(json_array(rows) + "\n");
    return succeeded;
  }
  if (found->empty()) {
    note("no Blender was found; install one (`apt install blender`), or name it in the option `blenders` of the daemon");
    return succeeded;
  }
  std::vector<Row> rows{{"NAME", "VERSION", "FORK", "PATH", ""}};
  for (const Blender& blender : *found) {
    const std::string fork = !blender.error.empty() ? "broken" : blender.breakers.empty() ? std::string(name_of(blender.fork)) : "tripped";
    rows.push_back({blender.name + (blender.is_default ? " *" : ""), blender.version, fork, blender.path, remark(blender)});
  }
  out().write(table(rows, Terminal::of(STDOUT_FILENO).width));
  return succeeded;
}

}  // namespace

void add_blenders(Command root, Context& context) {
  Command command = root.command("blenders", "List the Blenders of the daemon's machine, and whether they fork");
  command.runs([&context] { return blenders(context); });
}

}  // namespace offstage::cli
