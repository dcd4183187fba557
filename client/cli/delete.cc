// SPDX-License-Identifier: Apache-2.0
//
// offstage delete ID… [--force]
#include "cli/commands.h"
#include "cli/each.h"

namespace offstage::cli {

void add_delete(Command root, Context& context) {
  auto ids = std::make_shared<std::vector<std::string>>();
  auto force = std::make_shared<bool>(false);
  Command command = root.command("delete", "Forget jobs that have ended, their logs and files");
  command.arguments("ID", *ids, "Jobs").flag("--force", *force, "Also those that have not ended: they are killed");
  command.runs([&context, ids, force] {
    return for_each_job(context, *ids, [&](const Client& client, const std::string& name) -> Result<std::optional<Job>> {
      if (Status deleted = client.remove(name, *force); !deleted) return deleted.error();
      return std::optional<Job>();
    });
  });
}

}  // namespace offstage::cli
