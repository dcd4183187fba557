// SPDX-License-Identifier: Apache-2.0
#include "cli/data_files.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

namespace offstage::cli {
namespace {

using Json = nlohmann::json;

void collect(const Json& value, std::set<std::string>& names) {
  static const std::regex own(R"(\.values/[0-9]{1,9}\.(npy|bin))");
  if (value.is_object() && value.size() == 1 && (value.contains("$ndarray") || value.contains("$bytes"))) {
    const Json& told = value.front();
    if (told.is_object() && told.contains("file") && told["file"].is_string() && std::regex_match(told["file"].get<std::string>(), own))
      names.insert(told["file"]);
  } else if (value.is_structured()) {
    for (const Json& inner : value) collect(inner, names);
  }
}

Error missing(const std::string& what, const std::string& file) {
  return {.code = Code::invalid_argument,
          .reason = "BAD_OPTION",
          .message = "--data-blocks: " + what,
          .hint = "a library LIB.blend has its manifest LIB.json beside it; both come from offstage_transfer.Parcel, or out of a job",
          .fields = {{"file", file}}};
}

}  // namespace

Result<std::vector<InputFile>> files_of_libraries(const std::vector<std::string>& libraries) {
  std::vector<InputFile> files;
  for (std::size_t i = 0; i < libraries.size(); ++i) {
    const std::filesystem::path library = libraries[i];
    std::filesystem::path manifest = library;
    manifest.replace_extension(".json");
    std::error_code error;
    if (!std::filesystem::is_regular_file(library, error)) return missing("there is no such library", library);
    if (manifest == library || !std::filesystem::is_regular_file(manifest, error)) return missing("the library has no manifest", manifest);
    const std::string name = ".blocks/" + std::to_string(i);
    files.push_back({.file = library, .name = name + ".blend"});
    files.push_back({.file = manifest, .name = name + ".json"});
  }
  return files;
}

std::vector<InputFile> files_of_values(const std::string& json, const std::string& folder) {
  std::set<std::string> names;
  collect(Json::parse(json, nullptr, false), names);
  std::vector<InputFile> files;
  files.reserve(names.size());
  for (const std::string& name : names) files.push_back({.file = (std::filesystem::path(folder) / name).string(), .name = name});
  return files;
}

}  // namespace offstage::cli
