// SPDX-License-Identifier: Apache-2.0
//
// offstage release ID…
//
// Lets jobs go that were submitted with --hold.
#include "cli/commands.h"
#include "cli/each.h"

namespace offstage::cli {

void add_release(Command root, Context& context) {
  auto ids = std::make_shared<std::vector<std::string>>();
  Command command = root.command("release", "Let held jobs go");
  command.arguments("ID", *ids, "Jobs");
  command.runs([&context, ids] {
    return for_each_job(context, *ids, [](const Client& client, const std::string& name) -> Result<std::optional<Job>> {
      auto job = client.update(name, {.held = false});
      if (!job) return job.error();
      return std::optional(std::move(*job));
    });
  });
}

}  // namespace offstage::cli
