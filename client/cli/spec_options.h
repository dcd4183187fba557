// SPDX-License-Identifier: Apache-2.0
//
// The options that `run` and `submit` share, and the job that they ask for. Their names are fixed: scripts rely on them.
#pragma once

#include <string>
#include <vector>

#include <offstage/requests.h>
#include <offstage/result.h>

#include "cli/load_options.h"
#include "cli/options.h"

namespace offstage::cli {

struct SpecOptions {
  std::string script, blend, blender, on_warning, params_file, isolation, timeout, queue_timeout, start_timeout, progress_timeout, memory, cpus, name, priority,
      attempts, request_id;
  std::vector<std::string> params, env, labels, retry_on;
  bool hold = false, trust = false;
  LoadOptions load;

  void add_to(Command& command);
  /// Reads the script and the parameters. Errors: invalid_argument, for what can be known here.
  Result<CreateRequest> build(const std::vector<std::string>& script_args) const;
};

}  // namespace offstage::cli
