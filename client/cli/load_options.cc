// SPDX-License-Identifier: Apache-2.0
#include "cli/load_options.h"

#include <offstage/script.h>

#include <utility>

namespace offstage::cli {

void LoadOptions::add_to(Command& command) {
  command.value("--preferences", preferences, "FILE", "A userpref.blend instead of factory settings")
      .values("--addon", addons, "MODULE[==VERSION][@PATH]", "Enable this add-on; PATH: its folder, .py or .zip")
      .values("--python-path", python_paths, "DIR", "First on the script's sys.path")
      .values("--script-folder", script_folders, "DIR", "As Blender has it: startup, modules, addons")
      .values("--asset-library", asset_libraries, "NAME=DIR", "A folder of assets, made known under this name")
      .value("--wrapper", wrapper, "COMMAND", "Start Blender under this command: \"rez-env usd --\"");
}

Status LoadOptions::fill(Environment& environment) const {
  if (!preferences.empty()) environment.preferences = absolute_path(preferences);
  for (const std::string& path : python_paths) environment.python_paths.push_back(absolute_path(path));
  for (const std::string& path : script_folders) environment.script_folders.push_back(absolute_path(path));
  if (!wrapper.empty()) {
    auto words = parse_wrapper(wrapper);
    if (!words) return words.error();
    environment.wrapper = std::move(*words);
  }
  for (const std::string& text : asset_libraries) {
    auto library = parse_asset_library(text);
    if (!library) return library.error();
    environment.asset_libraries.push_back(std::move(*library));
  }
  for (const std::string& text : addons) {
    auto addon = parse_addon(text);
    if (!addon) return addon.error();
    environment.addons.push_back(std::move(*addon));
  }
  return Done{};
}

Result<Addon> parse_addon(const std::string& text) {
  Addon out;
  std::string rest = text;
  if (const std::size_t at = rest.find('@'); at != std::string::npos) {
    out.path = rest.substr(at + 1);
    rest.resize(at);
    if (!out.path.empty()) out.path = absolute_path(out.path);
  }
  const bool empty_path = text.ends_with('@') && out.path.empty();
  if (const std::size_t equals = rest.find("=="); equals != std::string::npos) {
    out.version = rest.substr(equals + 2);
    rest.resize(equals);
    if (out.version.empty()) rest.clear();
  }
  out.module = rest;
  if (!out.module.empty() && !empty_path) return out;
  return Error{.code = Code::invalid_argument,
               .reason = "BAD_OPTION",
               .message = "--addon: this is no add-on",
               .hint = "for example --addon shapes, --addon shapes==1.2.0, --addon shapes@/path/shapes.zip",
               .fields = {{"value", text}}};
}

Result<std::vector<std::string>> parse_wrapper(const std::string& text) {
  std::vector<std::string> out;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\'' && c == '\\' && i + 1 < text.size()) {
      word += text[++i];
      in_word = true;
    } else if (quote != 0 ? c == quote : c == '\'' || c == '"') {
      quote = quote != 0 ? 0 : c;
      in_word = true;
    } else if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      if (in_word) out.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (in_word) out.push_back(std::move(word));
  if (!out.empty() && !out[0].empty() && quote == 0) {
    if (out[0].find('/') != std::string::npos) out[0] = absolute_path(out[0]);
    return out;
  }
  return Error{.code = Code::invalid_argument,
               .reason = "BAD_OPTION",
               .message = quote != 0 ? "--wrapper: a quote is not closed" : "--wrapper: there is no program in it",
               .hint = "for example --wrapper 'rez-env usd --'",
               .fields = {{"value", text}}};
}

Result<AssetLibrary> parse_asset_library(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals > 0 && equals + 1 < text.size())
    return AssetLibrary{.name = text.substr(0, equals), .path = absolute_path(text.substr(equals + 1))};
  return Error{.code = Code::invalid_argument,
               .reason = "BAD_OPTION",
               .message = "--asset-library: this is no asset library",
               .hint = "for example --asset-library props=/studio/assets/props",
               .fields = {{"value", text}}};
}

}  // namespace offstage::cli
