// SPDX-License-Identifier: Apache-2.0
//
// offstage logs ID [--attempt N] [-f]
//
// The newest attempt's log, or attempt N's, on stdout. With -f until the job has ended, also across a restart of the daemon.
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/ids.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/terminal.h"

namespace offstage::cli {
namespace {

int logs(const Context& context, const std::string& id, const std::string& number, bool follow) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto name = attempt_name(*client, id, number);
  if (!name) return report(name.error());
  const bool escape = Terminal::of(STDOUT_FILENO).is_terminal;
  Escaper escaper;
  const Status status = client->log({.name = *name, .follow = follow}, [&](const LogChunk& chunk) {
    if (context.json)
      return out().write(JsonObject()
                             .text("attempt", chunk.attempt)
                             .number("offset", chunk.offset)
                             .number("dropped", chunk.dropped)
                             .text("text", harmless(chunk.data))
                             .text() +
                         "\n");
    if (chunk.dropped > 0) note(std::to_string(chunk.dropped) + " bytes of the log were dropped");
    return out().write(escape ? escaper.feed(chunk.data) : chunk.data);
  });
  if (escape) out().write(escaper.finish());
  return status ? static_cast<int>(succeeded) : report(status.error());
}

}  // namespace

void add_logs(Command root, Context& context) {
  auto id = std::make_shared<std::string>();
  auto number = std::make_shared<std::string>();
  auto follow = std::make_shared<bool>(false);
  Command command = root.command("logs", "Print what a job's script and Blender have written");
  command.argument("ID", *id, "The job's id, or its first digits")
      .value("--attempt", *number, "N", "Of this attempt; default: the newest")
      .flag("-f,--follow", *follow, "Go on until the job has ended");
  command.runs([&context, id, number, follow] { return logs(context, *id, *number, *follow); });
}

}  // namespace offstage::cli
