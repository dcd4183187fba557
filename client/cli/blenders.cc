// SPDX-License-Identifier: Apache-2.0
//
// offstage blenders [--json]
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace offstage::cli {
namespace {

std::string to_json(const Blender& blender) {
  JsonObject out;
  out.text("name", blender.name).text("version", blender.version).text("path", blender.path).text("fork", name_of(blender.fork));
  out.text_or_null("reason", blender.fork_reason).text_or_null("error", blender.error).boolean("default", blender.is_default);
  out.text("kind", blender.module ? "module" : "executable").text("build_hash", blender.build_hash);
  return out.number("fork_cores", blender.fork_cores).number("cold_cores", blender.cold_cores).text();
}

int blenders(const Context& context) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto found = client->blenders();
  if (!found) return report(found.error());
  if (context.json) {
    std::vector<std::string> rows;
    for (const Blender& blender : *found) rows.push_back(to_json(blender));
    out().write(json_array(rows) + "\n");
    return succeeded;
  }
  if (found->empty()) {
    note("no Blender was found; install one (`apt install blender`), or name it in the option `blenders` of the daemon");
    return succeeded;
  }
  std::vector<Row> rows{{"NAME", "VERSION", "FORK", "PATH", ""}};
  for (const Blender& blender : *found) {
    const std::string remark = !blender.error.empty() ? blender.error : blender.fork_reason;
    rows.push_back({blender.name + (blender.is_default ? " *" : ""), blender.version, blender.error.empty() ? std::string(name_of(blender.fork)) : "broken",
                    blender.path, remark});
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
