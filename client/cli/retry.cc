// SPDX-License-Identifier: Apache-2.0
//
// offstage retry ID…
#include "cli/commands.h"
#include "cli/each.h"

namespace offstage::cli {

void add_retry(Command root, Context& context) {
  auto ids = std::make_shared<std::vector<std::string>>();
  Command command = root.command("retry", "Queue failed or cancelled jobs again");
  command.arguments("ID", *ids, "Jobs");
  command.runs([&context, ids] {
    return for_each_job(context, *ids, [](const Client& client, const std::string& name) -> Result<std::optional<Job>> {
      auto job = client.retry(name);
      if (!job) return job.error();
      return std::optional(std::move(*job));
    });
  });
}

}  // namespace offstage::cli
