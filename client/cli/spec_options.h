// SPDX-License-Identifier: Apache-2.0
//
// The options that `run` and `submit` share, and the job that they ask for. Their names are fixed: scripts rely on them.
#pragma once

#include <string>
#include <vector>

#include <offstage/client.h>

#include "cli/load_options.h"
#include "cli/options.h"
#include "cli/parse.h"

namespace offstage::cli {

struct SpecOptions {
  std::string gpus, compute, script, blend, blend_by_value, original_path, blender, on_warning, params_file, isolation, timeout, queue_timeout, start_timeout,
      progress_timeout, memory, cpus, name, priority, attempts, request_id, deliver;
  std::vector<std::string> params, data_blocks, inputs, env, labels, retry_on;
  bool hold = false, trust = false;
  LoadOptions load;

  void add_to(Command& command);
  /// Reads the script and the parameters. Errors: invalid_argument, for what can be known here.
  Result<CreateRequest> build(const std::vector<std::string>& script_args) const;
  /// Gives the job its files: by path where the daemon sees them, otherwise they are sent now. Ctrl-C ends it: Code::cancelled.
  Status send_files(const Client& client, JobSpec& spec) const;
  /// What was refused, with what a user of this command line can do.
  Error explain(const Client& client, Error error) const;

 private:
  /// All files that go with the job, as inputs; of this machine.
  Result<std::vector<InputFile>> files(const std::string& parameters_json) const;
};

}  // namespace offstage::cli
