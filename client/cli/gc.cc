// SPDX-License-Identifier: Apache-2.0
//
// offstage gc [--dry-run] [--json]
//
// What the daemon does by itself when it is due, at once: ended jobs go that have expired or are beyond the limit of bytes, and what belongs to nothing.
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/words.h"

namespace offstage::cli {
namespace {

std::string garbage_json(const Garbage& garbage) {
  JsonObject out;
  out.text("kind", name_of(garbage.kind)).number("count", garbage.count).number("bytes", garbage.bytes);
  return out.raw("names", json_strings(garbage.names)).boolean("removed", garbage.removed).text();
}

std::string what(GarbageKind kind) {
  switch (kind) {
    case GarbageKind::expired_jobs:
      return "ended jobs that have expired";
    case GarbageKind::jobs_beyond_size:
      return "ended jobs, the oldest, beyond the limit of bytes";
    case GarbageKind::attempt_folders:
      return "folders of attempts that no job has";
    case GarbageKind::keeper_logs:
      return "old logs of zygotes and supervisors";
    case GarbageKind::trash:
      return "rests of earlier removals";
    case GarbageKind::set_aside:
      return "databases that were set aside, with their attempts: remove them by hand when nothing of them is needed";
    case GarbageKind::inputs:
      return "inputs of jobs that do not exist any more";
    case GarbageKind::blobs:
      return "blobs that no job has";
    case GarbageKind::partial_blobs:
      return "blobs that were begun and not written to for a day";
    case GarbageKind::corrupt_blobs:
      return "damaged blobs that were set aside a week ago";
    case GarbageKind::staged:
      return "staged files that nobody took for a day";
    default:
      return std::string(name_of(kind));
  }
}

std::string in_words(const std::vector<Garbage>& found, bool dry_run, std::size_t width) {
  if (found.empty()) return "nothing to remove\n";
  std::vector<Row> rows;
  for (const Garbage& garbage : found) {
    const std::string done = garbage.removed ? "removed" : dry_run && garbage.kind != GarbageKind::set_aside ? "would go" : "kept";
    rows.push_back({done, std::to_string(garbage.count), bytes_text(garbage.bytes), what(garbage.kind)});
  }
  std::string text = table(rows, width);
  for (const Garbage& garbage : found) {
    if (garbage.kind != GarbageKind::set_aside) continue;
    for (const std::string& name : garbage.names) text += "  " + name + "\n";
  }
  return text;
}

int gc(const Context& context, bool dry_run) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto found = client->collect_garbage(dry_run);
  if (!found) return report(found.error());
  std::vector<std::string> rows;
  for (const Garbage& garbage : *found) rows.push_back(garbage_json(garbage));
  out().write(context.json ? json_array(rows) + "\n" : in_words(*found, dry_run, Terminal::of(STDOUT_FILENO).width));
  return succeeded;
}

}  // namespace

void add_gc(Command root, Context& context) {
  auto dry_run = std::make_shared<bool>(false);
  Command command = root.command("gc", "Delete ended jobs that have expired, and what belongs to nothing");
  command.flag("--dry-run", *dry_run, "Only tell what would go");
  command.runs([&context, dry_run] { return gc(context, *dry_run); });
}

}  // namespace offstage::cli
