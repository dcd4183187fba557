// SPDX-License-Identifier: Apache-2.0
//
// offstage cancel ID…
#include "cli/commands.h"
#include "cli/each.h"

namespace offstage::cli {

void add_cancel(Command root, Context& context) {
  auto ids = std::make_shared<std::vector<std::string>>();
  Command command = root.command("cancel", "Cancel jobs; cancelled is what has no process left");
  command.arguments("ID", *ids, "Jobs");
  command.runs([&context, ids] {
    return for_each_job(context, *ids, [](const Client& client, const std::string& name) -> Result<std::optional<Job>> {
      auto job = client.cancel(name);
      if (!job) return job.error();
      return std::optional(std::move(*job));
    });
  });
}

}  // namespace offstage::cli
