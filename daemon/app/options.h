// SPDX-License-Identifier: Apache-2.0
//
// What can be set about the daemon: by a TOML file, environment variables and flags, all three from one table (option_table.h).
//
// Order: flags, then environment, then file, then defaults. An unknown key is an error that names the nearest known one: a misspelt limit must not pass
// for a set one.
//
// Thread: start-up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace offstage::app {

struct Options {
  std::uint64_t slots = 0;  ///< 0: number of cores
  std::vector<std::filesystem::path> blenders;
  std::string blender;
  bool search_blenders = true;
  std::uint64_t max_spares = 8;
  Micros spares_idle{std::chrono::minutes(10)};
  Micros keeper_idle{std::chrono::minutes(30)};
  std::int64_t warm_bytes = -1;  ///< negative: a quarter of the machine's memory
  bool huge_pages = true;
  std::string gpus;  ///< empty: those that are found
  std::int64_t log_bytes = 64 << 20;
  std::uint64_t queue_length = 4'000'000;
  Micros retention{std::chrono::days(7)};
  std::int64_t retention_bytes = 0;
  std::int64_t attempt_bytes = std::int64_t{100} << 30;
  std::int64_t blob_bytes = std::int64_t{200} << 30;
  std::filesystem::path state_dir;  // empty paths: see folders.h
  std::filesystem::path runtime_dir;
  std::filesystem::path socket;
  std::filesystem::path proof_cache;
  std::int64_t low_water = 256 << 20;
  std::string log_level = "info";
  std::filesystem::path log_file;
  std::string listen;
  std::filesystem::path tls_dir;
};

/// Looks up an environment variable; replaced in tests.
using Environment = std::function<std::optional<std::string>(const char* name)>;
Environment process_environment();

/// One value as a source gave it, not yet checked. `base`: the folder that relative paths are meant from.
struct Setting {
  std::string key;
  std::vector<std::string> values;
  std::string origin;  ///< "/x/offstage.toml:3", "OFFSTAGE_SLOTS", "--slots"
  std::filesystem::path base;
};

/// The file's settings. Errors: CONFIG_UNREADABLE, CONFIG_SYNTAX, CONFIG_UNKNOWN_KEY, CONFIG_VALUE.
Result<std::vector<Setting>> read_toml(const std::filesystem::path& file);

struct LoadedOptions {
  Options options;
  std::vector<Setting> settings;  ///< those that were set, one a key: the one that counts
};

/// `config`: a file that must exist; unset: the usual place, where it may be missing.
Result<LoadedOptions> load_options(const std::vector<Setting>& flags, const Environment& environment, const std::optional<std::filesystem::path>& config);

/// $XDG_CONFIG_HOME/offstage/offstage.toml
std::filesystem::path usual_config_file(const Environment& environment);

}  // namespace offstage::app
