// SPDX-License-Identifier: Apache-2.0
#include "cli/each.h"

#include "cli/exit_codes.h"
#include "cli/ids.h"
#include "cli/job_json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/words.h"

namespace offstage::cli {

int for_each_job(const Context& context, const std::vector<std::string>& ids,
                 const std::function<Result<std::optional<Job>>(const Client&, const std::string& name)>& act) {
  auto client = context.connect();
  if (!client) return report(client.error());
  int code = succeeded;
  const auto fail = [&](const Error& error) {
    const int one = report(error);
    if (code == succeeded) code = one;
  };
  for (const std::string& id : ids) {
    auto name = job_name(*client, id);
    if (!name) {
      fail(name.error());
      continue;
    }
    auto job = act(*client, *name);
    if (!job) {
      fail(job.error());
    } else if (*job) {
      out().write(context.json ? to_json(**job, {}) + "\n" : (*job)->id + "  " + state_text(**job) + "\n");
    }
  }
  return code;
}

}  // namespace offstage::cli
