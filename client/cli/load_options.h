// SPDX-License-Identifier: Apache-2.0
//
// The options that say what a Blender has loaded beside a scene; `run`, `submit` and `warm` share them.
#pragma once

#include <string>
#include <vector>

#include <offstage/job_spec.h>
#include <offstage/result.h>

#include "cli/options.h"

namespace offstage::cli {

struct LoadOptions {
  std::string preferences, wrapper;
  std::vector<std::string> addons, python_paths, script_folders, asset_libraries;

  void add_to(Command& command);
  /// Errors: invalid_argument.
  Status fill(Environment& environment) const;
};

/// "shapes", "shapes==1.2.0", "shapes@FILE", "shapes==1.2.0@FILE"; the path becomes absolute.
Result<Addon> parse_addon(const std::string& text);
/// Words with blanks between, as a shell has them: quotes and backslashes count, nothing else. The program, if it has a "/", becomes absolute.
Result<std::vector<std::string>> parse_wrapper(const std::string& text);
/// "props=DIR"; the folder becomes absolute.
Result<AssetLibrary> parse_asset_library(const std::string& text);

}  // namespace offstage::cli
