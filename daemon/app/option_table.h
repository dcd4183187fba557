// SPDX-License-Identifier: Apache-2.0
//
// The one table of options: key, type, range, default and help. TOML file, environment, flags, --help and docs/reference/options.md all come from it.
//
// Thread: start-up.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "app/options.h"

namespace offstage::app {

using Count = std::uint64_t Options::*;
using Switch = bool Options::*;
using Text = std::string Options::*;
using File = std::filesystem::path Options::*;
using Files = std::vector<std::filesystem::path> Options::*;
using Duration = Micros Options::*;
using Bytes = std::int64_t Options::*;

struct OptionRow {
  std::string_view key;  ///< TOML: "max_spares"
  std::variant<Count, Switch, Text, File, Files, Duration, Bytes> member;
  std::string_view help;
  std::string_view unset = {};              ///< what an unset one means, where the default itself does not say it
  std::uint64_t min = 0, max = UINT64_MAX;  ///< of a Count, in Bytes, in microseconds
  std::string_view one_of = {};             ///< of a Text: "a|b"

  std::string flag() const;       ///< "--max-spares"
  std::string variable() const;   ///< "OFFSTAGE_MAX_SPARES"
  std::string_view type() const;  ///< "duration", for people
  std::string default_text() const;
};

std::span<const OptionRow> option_table();
const OptionRow* find_option(std::string_view key);
/// The known key that `key` was probably meant to be, or empty.
std::string_view nearest_option(std::string_view key);

/// Checks a setting's text and stores it. Errors: CONFIG_UNKNOWN_KEY, CONFIG_VALUE, with the setting's origin.
Status assign(Options& options, const Setting& setting);

/// docs/reference/options.md
std::string options_markdown();

}  // namespace offstage::app
