// SPDX-License-Identifier: Apache-2.0
//
// A command that does one thing to each of the jobs named: cancel, retry, delete.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/context.h"

namespace offstage::cli {

/// `act` gives the job as it is now, or Done's empty optional where there is nothing to show. Goes on after an error; ends with the first error's code.
int for_each_job(const Context& context, const std::vector<std::string>& ids,
                 const std::function<Result<std::optional<Job>>(const Client&, const std::string& name)>& act);

}  // namespace offstage::cli
