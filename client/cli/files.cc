// SPDX-License-Identifier: Apache-2.0
//
// offstage files ID [--attempt N] [-f]
//
// What a job has left, or, while it runs, what it has announced so far; with -f each file as it comes.
#include <algorithm>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/ids.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/words.h"

namespace offstage::cli {
namespace {

bool tell(const Context& context, const ResultFile& file, bool removed) {
  if (context.json) {
    JsonObject line;
    line.text("name", file.name).number("size_bytes", file.size).text_or_null("sha256", file.sha256).boolean("removed", removed);
    return out().write(line.text() + "\n");
  }
  const std::string size = removed ? "removed" : bytes_text(file.size);
  constexpr std::size_t column = 10;
  return out().write(std::string(column - std::min(size.size(), column), ' ') + size + "  " + harmless_line(file.name) + "\n");
}

Status list(const Context& context, const Client& client, const std::string& name) {
  FilesRequest request{.name = name, .page_size = 1000};
  do {
    auto page = client.files(request);
    if (!page) return page.error();
    if (!page->attempt.empty()) request.name = page->attempt;
    for (const ResultFile& file : page->files) {
      if (!tell(context, file, false)) return Done{};
    }
    request.page_token = page->next_page_token;
  } while (!request.page_token.empty());
  return Done{};
}

int files(const Context& context, const std::string& id, const std::string& number, bool follow) {
  auto client = context.connect();
  if (!client) return report(client.error());
  auto name = attempt_name(*client, id, number);
  if (!name) return report(name.error());
  const Status status = follow ? client->watch_files({.name = *name}, [&](const FileEvent& event) { return tell(context, event.file, event.removed); })
                               : list(context, *client, *name);
  return status ? static_cast<int>(succeeded) : report(status.error());
}

}  // namespace

void add_files(Command root, Context& context) {
  auto id = std::make_shared<std::string>();
  auto number = std::make_shared<std::string>();
  auto follow = std::make_shared<bool>(false);
  Command command = root.command("files", "List the files that a job has left");
  command.argument("ID", *id, "The job's id, or its first digits")
      .value("--attempt", *number, "N", "Of this attempt; default: the newest")
      .flag("-f,--follow", *follow, "Go on until the job has ended: each file as it is announced");
  command.runs([&context, id, number, follow] { return files(context, *id, *number, *follow); });
}

}  // namespace offstage::cli
