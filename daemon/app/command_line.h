// SPDX-License-Identifier: Apache-2.0
//
// offstaged's arguments: what to do, and settings (a flag for each row of option_table.h).
//
// Thread: start-up.
#pragma once

#include "app/options.h"

namespace offstage::app {

enum class Action { serve, check_config, print_options, make_tls, backup, restore, set_aside_damaged, version, help };

struct CommandLine {
  Action action = Action::serve;
  std::optional<std::filesystem::path> config;
  std::filesystem::path tls_dir;
  std::filesystem::path file;  ///< of backup and restore
  std::vector<Setting> settings;
  std::string help;
};

/// Errors: USAGE.
Result<CommandLine> parse_command_line(int argc, const char* const* argv);

}  // namespace offstage::app
