// SPDX-License-Identifier: Apache-2.0
#include "api/validate_load.h"

#include <algorithm>
#include <set>
#include <string>

#include "api/json_object.h"
#include "api/limits.h"
#include "api/text.h"

namespace offstage::api {
namespace {

Status check_path(const std::string& path, const Where& where, const std::string& field) {
  if (path.starts_with('/') && path.size() <= kPathBytes && path.find('\0') == std::string::npos) return Done{};
  return bad_field(where, field, "BAD_PATH", "the path " + in_quotes(path) + " is not absolute, longer than 4096 bytes, or contains a NUL",
                   "the daemon has another working directory: give an absolute path");
}

Status check_paths(const google::protobuf::RepeatedPtrField<std::string>& paths, const Where& where, const std::string& field) {
  if (paths.size() > kLoadedPaths) {
    return bad_field(where, field, "TOO_MANY_PATHS", "there are " + std::to_string(paths.size()) + " paths, and at most 64 are allowed",
                     "put what belongs together into one folder");
  }
  for (int i = 0; i < paths.size(); ++i) {
    if (auto good = check_path(paths[i], where, field + "[" + std::to_string(i) + "]"); !good) return good;
  }
  return Done{};
}

bool good_module(std::string_view name) {
  bool begins = true;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    if (begins ? !letter : !letter && !digit && c != '.') return false;
    begins = c == '.';
  }
  return !begins && name.size() <= 256;
}

Status check_addon(const v1::Addon& addon, const Where& where, const std::string& field) {
  if (!good_module(addon.module())) {
    return bad_field(where, field + ".module", "BAD_ADDON", "the add-on's module " + in_quotes(addon.module()) + " is no name that Python can import",
                     "use letters, digits and '_', with dots between names");
  }
  if (!addon.path().empty() && addon.module().find('.') != std::string::npos) {
    return bad_field(where, field + ".module", "BAD_ADDON", "the add-on " + addon.module() + " has a path, so its module must be one name",
                     "leave out what stands before the last dot");
  }
  if (addon.version().size() > kLabelValueBytes || control_character(addon.version())) {
    return bad_field(where, field + ".version", "BAD_ADDON", "the version is longer than 256 bytes or has a control character", "write it as 1.2.0");
  }
  if (addon.preferences_json().size() > kAddonPreferencesBytes) {
    return bad_field(where, field + ".preferences_json", "BAD_ADDON", "the preferences of the add-on " + addon.module() + " are longer than 64 KiB",
                     "keep large data in a file");
  }
  if (!addon.preferences_json().empty()) {
    if (const auto fault = not_a_json_object(addon.preferences_json())) {
      return bad_field(where, field + ".preferences_json", "BAD_ADDON", "the text of the preferences of the add-on " + addon.module() + " " + *fault,
                       R"(give a JSON object such as {"size": 2.5})");
    }
  }
  return addon.path().empty() ? Status(Done{}) : check_path(addon.path(), where, field + ".path");
}

Status check_asset_libraries(const v1::Environment& environment, const Where& where) {
  if (environment.asset_libraries_size() > kLoadedPaths) {
    return bad_field(where, "environment.asset_libraries", "TOO_MANY_PATHS",
                     "there are " + std::to_string(environment.asset_libraries_size()) + " asset libraries, and at most 64 are allowed",
                     "name those that the job needs");
  }
  std::set<std::string> names;
  for (int i = 0; i < environment.asset_libraries_size(); ++i) {
    const v1::AssetLibrary& library = environment.asset_libraries(i);
    const std::string field = "environment.asset_libraries[" + std::to_string(i) + "]";
    if (library.name().empty() || library.name().size() > kAssetLibraryNameBytes || control_character(library.name())) {
      return bad_field(where, field + ".name", "BAD_ASSET_LIBRARY",
                       "the name " + in_quotes(library.name()) + " is empty, longer than 63 bytes or has a control character", "give a short name: \"props\"");
    }
    if (!names.insert(library.name()).second) {
      return bad_field(where, field + ".name", "BAD_ASSET_LIBRARY", "two asset libraries are called " + in_quotes(library.name()),
                       "give each a name of its own");
    }
    if (auto good = check_path(library.path(), where, field + ".path"); !good) return good;
  }
  return Done{};
}

Status check_wrapper(const v1::Environment& environment, const Where& where) {
  const auto& words = environment.wrapper();
  if (words.empty()) return Done{};
  const auto refuse = [&](std::string message, std::string hint) {
    return bad_field(where, "environment.wrapper", "BAD_WRAPPER", std::move(message), std::move(hint));
  };
  if (words.size() > kWrapperWords)
    return refuse("the wrapper has " + std::to_string(words.size()) + " words, and at most 64 are allowed", "put what it does into a script");
  for (const std::string& word : words) {
    if (word.size() > kPathBytes || word.find('\0') != std::string::npos)
      return refuse("a word of the wrapper is longer than 4096 bytes or contains a NUL", "put what it does into a script");
  }
  if (words[0].empty() || (!words[0].starts_with('/') && words[0].find('/') != std::string::npos))
    return refuse("the wrapper's program " + in_quotes(words[0]) + " is neither a name nor an absolute path",
                  "the daemon has another working directory: give an absolute path, or a name on its PATH");
  return Done{};
}

}  // namespace

Status validate_load(const v1::Environment& environment, const Where& where) {
  if (!environment.preferences().empty()) {
    if (auto good = check_path(environment.preferences(), where, "environment.preferences"); !good) return good;
  }
  if (auto good = check_paths(environment.python_paths(), where, "environment.python_paths"); !good) return good;
  if (auto good = check_paths(environment.script_folders(), where, "environment.script_folders"); !good) return good;
  if (auto good = check_asset_libraries(environment, where); !good) return good;
  if (auto good = check_wrapper(environment, where); !good) return good;
  if (environment.addons_size() > kLoadedPaths) {
    return bad_field(where, "environment.addons", "BAD_ADDON",
                     "there are " + std::to_string(environment.addons_size()) + " add-ons, and at most 64 are allowed", "name those that the job needs");
  }
  for (int i = 0; i < environment.addons_size(); ++i) {
    if (auto good = check_addon(environment.addons(i), where, "environment.addons[" + std::to_string(i) + "]"); !good) return good;
  }
  return Done{};
}

}  // namespace offstage::api
