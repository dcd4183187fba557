// SPDX-License-Identifier: Apache-2.0
#include "cli/parse.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <string_view>

namespace offstage::cli {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array durations{Unit{"", 1e6},  Unit{"us", 1},    Unit{"ms", 1e3},  Unit{"s", 1e6},    Unit{"sec", 1e6},
                               Unit{"m", 6e7}, Unit{"min", 6e7}, Unit{"h", 3.6e9}, Unit{"d", 8.64e10}};
constexpr std::array sizes{Unit{"", 1},           Unit{"B", 1},           Unit{"K", 1024},          Unit{"KiB", 1024},         Unit{"M", 1048576.},
                           Unit{"MiB", 1048576.}, Unit{"G", 1073741824.}, Unit{"GiB", 1073741824.}, Unit{"T", 1099511627776.}, Unit{"TiB", 1099511627776.},
                           Unit{"kB", 1e3},       Unit{"KB", 1e3},        Unit{"MB", 1e6},          Unit{"GB", 1e9},           Unit{"TB", 1e12}};
constexpr double day_us = 8.64e10;

Error bad(const std::string& option, const std::string& text, const std::string& problem, const std::string& hint) {
  return {.code = Code::invalid_argument, .reason = "BAD_OPTION", .message = option + ": " + problem, .hint = hint, .fields = {{"value", text.substr(0, 200)}}};
}

/// A number and its unit's factor; nothing if it is none.
template <std::size_t N>
std::optional<double> with_unit(const std::string& text, const std::array<Unit, N>& units) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  const auto unit = std::ranges::find(units, name, &Unit::name);
  return unit == units.end() ? std::nullopt : std::optional(number * unit->factor);
}

}  // namespace

Result<Duration> parse_duration(const std::string& option, const std::string& text) {
  const std::string hint = "write a number with ms, s, m, h or d, for example 500ms, 30s, 5m; a plain number is seconds";
  const auto micros = with_unit(text, durations);
  if (!micros) return bad(option, text, "not a duration", hint);
  if (*micros <= 0) return bad(option, text, "a duration must be longer than zero", hint + "; leave the option away for no limit");
  if (*micros < 1e3) return bad(option, text, "a duration is at least 1 ms", hint);
  if (*micros > 365 * day_us) return bad(option, text, "a duration is at most 365 days", "leave the option away for no limit");
  return Duration(std::llround(*micros));
}

Result<std::int64_t> parse_size(const std::string& option, const std::string& text) {
  const std::string hint = "write a number with MiB, GiB, MB or GB, for example 512MiB; a plain number is bytes";
  const auto bytes = with_unit(text, sizes);
  if (!bytes) return bad(option, text, "not a size", hint);
  if (*bytes <= 0) return bad(option, text, "a size must be larger than zero", hint);
  if (*bytes >= 9e18) return bad(option, text, "a size that no machine has", hint);
  return static_cast<std::int64_t>(std::llround(*bytes));
}

Result<std::int64_t> parse_number(const std::string& option, const std::string& text, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number < least || number > most)
    return bad(option, text, "not a whole number from " + std::to_string(least) + " to " + std::to_string(most),
               "for example " + option + " " + std::to_string(std::max<std::int64_t>(least, 1)));
  return number;
}

Result<std::pair<std::string, std::string>> parse_pair(const std::string& option, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return bad(option, text, "not of the form NAME=VALUE", "for example " + option + " name=value");
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

Result<std::map<std::string, std::string>> parse_pairs(const std::string& option, const std::vector<std::string>& texts) {
  std::map<std::string, std::string> out;
  for (const std::string& text : texts) {
    auto pair = parse_pair(option, text);
    if (!pair) return pair.error();
    out[pair->first] = pair->second;
  }
  return out;
}

bool is_uuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::string_view("0123456789abcdefABCDEF").find(text[i]) == std::string_view::npos) return false;
  }
  return true;
}

Result<InputFile> parse_input(const std::string& text) {
  std::error_code error;
  const auto there = [&](const std::string& file) { return std::filesystem::exists(file, error); };
  const std::size_t equals = text.rfind('=');
  InputFile input{.file = text, .name = {}};
  if (!there(text) && equals != std::string::npos) input = {.file = text.substr(0, equals), .name = text.substr(equals + 1)};
  if (equals != std::string::npos && input.file != text && input.name.empty()) return bad("--input", text, "the name is empty", "write FILE, or FILE=NAME");
  if (std::filesystem::is_directory(input.file, error)) return bad("--input", text, "it is a folder", "name the files in it, each with an --input of its own");
  if (!there(input.file)) return bad("--input", text, "there is no such file", "check the path; write FILE, or FILE=NAME");
  return input;
}

Argv cut_argv(const std::vector<std::string>& args) {
  const auto dashes = std::ranges::find(args, "--");
  return {.own = {args.begin(), dashes}, .script = {dashes == args.end() ? dashes : dashes + 1, args.end()}};
}

}  // namespace offstage::cli
