// SPDX-License-Identifier: Apache-2.0
#include "api/environment_load.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <vector>

#include "api/files.h"
#include "api/text.h"
#include "base/sha256.h"

namespace offstage::api {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kFiles = 20'000;  // of one path that are looked at; whoever has more in it edits none of them between two jobs
constexpr std::size_t kManifestBytes = 256 << 10;

Error at_fault(const Where& where, const std::string& field, std::string reason, const std::string& path, const std::string& text) {
  return {Code::failed_precondition, std::move(reason), path + " " + text, "give a path that the daemon's user can read on the daemon's machine",
          where.path(field),         {{"file", path}}};
}

std::string line_of(const fs::path& path, const struct stat& status) {
  return path.string() + '\0' + std::to_string(status.st_size) + ' ' + std::to_string(status.st_mtim.tv_sec) + '.' + std::to_string(status.st_mtim.tv_nsec) +
         ' ' + std::to_string(status.st_ino) + ' ' + std::to_string(status.st_dev) + '\n';
}

/// What is there now: the file, or all files of the folder but what Python itself leaves in it.
Result<std::string> mark_of(const std::string& path, const Where& where, const std::string& field) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return at_fault(where, field, "LOAD_NOT_FOUND", path, "does not exist on the daemon's machine");
  std::vector<std::string> lines{line_of(path, status)};
  if (S_ISDIR(status.st_mode)) {
    std::error_code fault;
    fs::recursive_directory_iterator at(path, fs::directory_options::follow_directory_symlink, fault);
    if (fault) return at_fault(where, field, "LOAD_UNREADABLE", path, "cannot be read: " + fault.message());
    for (; at != fs::recursive_directory_iterator() && lines.size() < kFiles; at.increment(fault)) {
      if (fault) break;  // a link that leads in a circle
      if (at->path().filename() == "__pycache__") at.disable_recursion_pending();
      if (::stat(at->path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) lines.push_back(line_of(at->path(), status));
    }
    std::sort(lines.begin(), lines.end());
  }
  std::string all;
  for (const std::string& line : lines) all += line;
  return Sha256::of(all).hex().substr(0, 32);  // half of it tells them apart
}

bool is_program(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

/// The wrapper's program as an absolute path: what PATH says is part of the kind.
Result<std::string> program_of(const std::string& name, const Where& where) {
  const auto fault = [&](std::string message, std::string hint) {
    return Error{Code::failed_precondition, "WRAPPER_NOT_FOUND", std::move(message), std::move(hint), where.path("environment.wrapper"), {{"file", name}}};
  };
  if (name.starts_with('/')) {
    if (is_program(name)) return name;
    std::error_code error;
    return fault(
        "the wrapper " + name + (fs::exists(name, error) ? " is no program that the daemon's user may run" : " does not exist on the daemon's machine"),
        "give the path of a program on the daemon's machine");
  }
  const char* search = std::getenv("PATH");
  for (std::string_view rest = search != nullptr ? search : ""; !rest.empty();) {
    const std::size_t colon = rest.find(':');
    const fs::path path = fs::path(rest.substr(0, colon)) / name;
    if (path.is_absolute() && is_program(path)) return path.string();
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return fault("the wrapper " + name + " is not on the daemon's PATH", "give its absolute path; the daemon's PATH is that of whoever started it");
}

/// Of a folder with a manifest; a .zip and bl_info are looked at by the worker.
Status check_version(const v1::Addon& addon, const Where& where, const std::string& field) {
  if (addon.version().empty() || addon.path().empty()) return Done{};
  auto manifest = read_start(fs::path(addon.path()) / "blender_manifest.toml", kManifestBytes);
  if (!manifest) return Done{};
  static const std::regex kVersion(R"((?:^|\n)[ \t]*version[ \t]*=[ \t]*["']([^"'\n]*)["'])");
  std::smatch found;
  if (!std::regex_search(*manifest, found, kVersion) || found[1] == addon.version()) return Done{};
  return Error{Code::failed_precondition,
               "ADDON_VERSION",
               "the add-on " + addon.module() + " in " + addon.path() + " is " + found[1].str() + ", and " + addon.version() + " was asked for",
               "ask for " + found[1].str() + ", or for no version",
               where.path(field + ".version"),
               {{"file", addon.path()}, {"version", found[1].str()}}};
}

Result<Json> addon_of(const v1::Addon& addon, const Where& where, const std::string& field) {
  if (auto good = check_version(addon, where, field); !good) return good.error();
  Json out = {{"module", addon.module()}};
  if (!addon.version().empty()) out["version"] = addon.version();
  if (!addon.preferences_json().empty()) out["preferences"] = Json::parse(addon.preferences_json());
  if (addon.path().empty()) return out;
  auto mark = mark_of(addon.path(), where, field + ".path");
  if (!mark) return mark.error();
  out["path"] = addon.path();
  out["mark"] = *mark;
  return out;
}

}  // namespace

bool loads(const v1::Environment& environment) {
  return !environment.preferences().empty() || environment.addons_size() > 0 || environment.python_paths_size() > 0 || environment.script_folders_size() > 0 ||
         environment.asset_libraries_size() > 0 || environment.wrapper_size() > 0;
}

Result<std::string> load_of(const v1::Environment& environment, unsigned gpus, const Where& where) {
  if (!loads(environment) && gpus == 0) return std::string();
  Json out = Json::object();
  Json marks = Json::array();
  const auto add = [&](const std::string& path, const std::string& field) -> Status {
    auto mark = mark_of(path, where, field);
    if (!mark) return mark.error();
    marks.push_back(*mark);
    return Done{};
  };
  if (!environment.preferences().empty()) {
    if (auto good = add(environment.preferences(), "environment.preferences"); !good) return good.error();
    out["preferences"] = environment.preferences();
  }
  for (int i = 0; i < environment.python_paths_size(); ++i) {
    if (auto good = add(environment.python_paths(i), "environment.python_paths[" + std::to_string(i) + "]"); !good) return good.error();
    out["python_paths"].push_back(environment.python_paths(i));
  }
  for (int i = 0; i < environment.script_folders_size(); ++i) {
    if (auto good = add(environment.script_folders(i), "environment.script_folders[" + std::to_string(i) + "]"); !good) return good.error();
    out["script_folders"].push_back(environment.script_folders(i));
  }
  for (int i = 0; i < environment.asset_libraries_size(); ++i) {  // no mark: made known, not read
    const v1::AssetLibrary& library = environment.asset_libraries(i);
    const std::string field = "environment.asset_libraries[" + std::to_string(i) + "].path";
    std::error_code fault;
    const auto found = fs::status(library.path(), fault);
    if (!fs::exists(found)) return at_fault(where, field, "LOAD_NOT_FOUND", library.path(), "does not exist on the daemon's machine");
    if (!fs::is_directory(found)) return at_fault(where, field, "LOAD_NOT_FOUND", library.path(), "is no folder");
    out["asset_libraries"].push_back({{"name", library.name()}, {"path", library.path()}});
  }
  if (environment.wrapper_size() > 0) {
    auto program = program_of(environment.wrapper(0), where);
    if (!program) return program.error();
    if (auto good = add(*program, "environment.wrapper"); !good) return good.error();
    out["wrapper"] = Json::array({*program});
    for (int i = 1; i < environment.wrapper_size(); ++i) out["wrapper"].push_back(environment.wrapper(i));
  }
  for (int i = 0; i < environment.addons_size(); ++i) {
    auto addon = addon_of(environment.addons(i), where, "environment.addons[" + std::to_string(i) + "]");
    if (!addon) return addon.error();
    out["addons"].push_back(*addon);
  }
  if (gpus > 0) {
    const v1::Compute compute = environment.compute();
    out["gpus"] = gpus;
    out["compute"] = compute == v1::COMPUTE_UNSPECIFIED ? "AUTO" : v1::Compute_Name(compute).substr(std::string_view("COMPUTE_").size());
  }
  if (!marks.empty()) out["marks"] = marks;
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace offstage::api
