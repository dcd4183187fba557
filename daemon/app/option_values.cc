// SPDX-License-Identifier: Apache-2.0
#include "app/option_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace offstage::app {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array durations{Unit{"d", 86'400e6}, Unit{"h", 3'600e6}, Unit{"min", 60e6}, Unit{"m", 60e6}, Unit{"ms", 1e3}, Unit{"s", 1e6}, Unit{"", 1e6}};
constexpr std::array sizes{Unit{"TiB", 1099511627776.0}, Unit{"GiB", 1073741824.0}, Unit{"MiB", 1048576.0}, Unit{"KiB", 1024.0}, Unit{"", 1.0}};

Error wrong(std::string message, std::string hint = {}) { return {.message = std::move(message), .hint = std::move(hint)}; }

Result<std::string> single(const Setting& setting) {
  if (setting.values.size() == 1) return setting.values.front();
  return wrong("one value is expected, and there are " + std::to_string(setting.values.size()));
}

/// A number and a unit, e.g. "1.5h". Negative, endless and unreadable ones have no value.
std::optional<double> scaled(std::string_view text, std::span<const Unit> units) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number) || number < 0) return std::nullopt;
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto found = std::ranges::find(units, unit, &Unit::name);
  return found == units.end() ? std::nullopt : std::optional(number * found->factor);
}

template <std::size_t N>
std::string in_largest_unit(std::int64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    const auto factor = static_cast<std::int64_t>(unit.factor);
    if (value >= factor && value % factor == 0) return std::to_string(value / factor) + (unit.name == "m" ? "min" : std::string(unit.name));
  }
  return std::to_string(value);
}

std::filesystem::path absolute(const std::string& text, const std::filesystem::path& base) {
  if (text.empty()) return {};
  if (text.starts_with("~/")) {
    if (const char* home = std::getenv("HOME")) return std::filesystem::path(home) / text.substr(2);
  }
  return (base / text).lexically_normal();
}

}  // namespace

Status parse_value(const OptionRow& row, const Setting& setting, std::uint64_t& out) {
  const auto text = single(setting);
  if (!text) return text.error();
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < row.min || number > row.max)
    return wrong("\"" + *text + "\" is no number from " + std::to_string(row.min) + " to " + std::to_string(row.max));
  out = number;
  return Done{};
}

Status parse_value(const OptionRow&, const Setting& setting, bool& out) {
  const auto text = single(setting);
  if (!text) return text.error();
  if (*text != "true" && *text != "false" && *text != "1" && *text != "0") return wrong("\"" + *text + "\" is neither true nor false");
  out = *text == "true" || *text == "1";
  return Done{};
}

Status parse_value(const OptionRow& row, const Setting& setting, std::string& out) {
  const auto text = single(setting);
  if (!text) return text.error();
  const std::string among = "|" + std::string(row.one_of) + "|";
  if (!row.one_of.empty() && among.find("|" + *text + "|") == std::string::npos) return wrong("\"" + *text + "\" is none of " + std::string(row.one_of));
  out = *text;
  return Done{};
}

Status parse_value(const OptionRow&, const Setting& setting, std::filesystem::path& out) {
  const auto text = single(setting);
  if (!text) return text.error();
  out = absolute(*text, setting.base);
  return Done{};
}

Status parse_value(const OptionRow&, const Setting& setting, std::vector<std::filesystem::path>& out) {
  out.clear();
  for (const std::string& text : setting.values) {
    if (text.empty()) return wrong("a path is empty");
    out.push_back(absolute(text, setting.base));
  }
  return Done{};
}

Status parse_value(const OptionRow& row, const Setting& setting, Micros& out) {
  const auto text = single(setting);
  if (!text) return text.error();
  const auto number = scaled(*text, durations);
  if (!number) return wrong("\"" + *text + "\" is no duration", "write a number with ms, s, min, h or d: 30s");
  if (*number < static_cast<double>(row.min) || *number > static_cast<double>(row.max))
    return wrong("\"" + *text + "\" is not between " + format_value(Micros(row.min)) + " and " + format_value(Micros(row.max)));
  out = Micros(static_cast<std::int64_t>(*number));
  return Done{};
}

Status parse_value(const OptionRow& row, const Setting& setting, std::int64_t& out) {
  const auto text = single(setting);
  if (!text) return text.error();
  const auto number = scaled(*text, sizes);
  if (!number) return wrong("\"" + *text + "\" is no size", "write a number with KiB, MiB, GiB or TiB: 256MiB");
  if (*number > static_cast<double>(row.max)) return wrong("\"" + *text + "\" is more than " + format_value(static_cast<std::int64_t>(row.max)));
  out = static_cast<std::int64_t>(*number);
  return Done{};
}

std::string format_value(std::uint64_t value) { return std::to_string(value); }
std::string format_value(bool value) { return value ? "true" : "false"; }
std::string format_value(const std::string& value) { return value; }
std::string format_value(const std::filesystem::path& value) { return value.string(); }

std::string format_value(const std::vector<std::filesystem::path>& value) {
  std::string out;
  for (const auto& path : value) out += (out.empty() ? "" : ":") + path.string();
  return out;
}

std::string format_value(Micros value) { return value.count() == 0 ? "0s" : in_largest_unit(value.count(), durations); }
std::string format_value(std::int64_t bytes) { return in_largest_unit(bytes, sizes); }

}  // namespace offstage::app
