// SPDX-License-Identifier: Apache-2.0
//
// The configuration file, as settings with the line that each came from. Only this file knows toml++.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "app/options.h"

namespace offstage::app {
namespace {

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_floating_point()) {
    std::ostringstream out;
    out << number->get();
    return out.str();
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<Setting>> read_toml(const std::filesystem::path& file) {
  std::error_code none;
  const bool folder = std::filesystem::is_directory(file, none);  // opens like a file and reads as nothing
  std::ifstream in(file, std::ios::binary);
  if (folder) errno = EISDIR;
  if (!in || folder)
    return Error{.code = Code::failed_precondition,
                 .reason = "CONFIG_UNREADABLE",
                 .message = std::string("the configuration cannot be read: ") + std::strerror(errno),
                 .hint = "name another with --config",
                 .fields = {{"file", file.string()}}};
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const toml::parse_result parsed = toml::parse(text, file.string());
  if (!parsed)
    return Error{.code = Code::invalid_argument,
                 .reason = "CONFIG_SYNTAX",
                 .message = "the configuration is no TOML: " + std::string(parsed.error().description()),
                 .hint = "strings stand in quotes: log_level = \"info\"",
                 .fields = {{"where", file.string() + ":" + std::to_string(parsed.error().source().begin.line)}}};

  std::vector<std::pair<unsigned, Setting>> found;  // toml++ sorts by key, people read from the top
  for (const auto& [key, node] : parsed.table()) {
    const unsigned line = key.source().begin.line;
    Setting setting{.key = std::string(key.str()), .values = {}, .origin = file.string() + ":" + std::to_string(line), .base = file.parent_path()};
    const auto* array = node.as_array();
    bool plain = true;
    if (array != nullptr) {
      for (const toml::node& element : *array) {
        const auto value = scalar_text(element);
        plain = plain && value.has_value();
        setting.values.push_back(value.value_or(""));
      }
    } else {
      const auto value = scalar_text(node);
      plain = value.has_value();
      setting.values.push_back(value.value_or(""));
    }
    if (!plain)
      return Error{.code = Code::invalid_argument,
                   .reason = "CONFIG_VALUE",
                   .message = setting.key + ": a text, a number, true or false, or a list of texts is expected",
                   .hint = "the file has no sections: every key stands at its top",
                   .fields = {{"where", setting.origin}}};
    found.emplace_back(line, std::move(setting));
  }
  std::ranges::stable_sort(found, {}, [](const auto& entry) { return entry.first; });
  std::vector<Setting> out;
  out.reserve(found.size());
  for (auto& [line, setting] : found) out.push_back(std::move(setting));
  return out;
}

}  // namespace offstage::app
