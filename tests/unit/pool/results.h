// SPDX-License-Identifier: Apache-2.0
//
// An attempt's folder with result files, as a worker leaves it.
#pragma once

#include <map>
#include <string>

#include "base/sha256.h"
#include "core/model.h"
#include "temp_folder.h"

namespace offstage::pool {

/// A line of a manifest.
inline std::string line(const std::string& name, const std::string& content) {
  return R"({"name":")" + name + R"(","size":)" + std::to_string(content.size()) + R"(,"sha256":")" + Sha256::of(content).hex() + "\"}\n";
}

/// Writes them into `folder`, which is the attempt's. What its outcome would tell.
inline core::FilesTold leave(const TempFolder& folder, const std::map<std::string, std::string>& files) {
  std::string manifest;
  core::FilesTold told;
  std::filesystem::create_directories(folder.path / "out");
  for (const auto& [name, content] : files) {
    folder.write("out/" + name, content);
    manifest += line(name, content);
    told.bytes += static_cast<std::int64_t>(content.size());
    ++told.count;
  }
  folder.write("files", manifest);
  told.manifest_sha256 = Sha256::of(manifest).hex();
  return told;
}

inline std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace offstage::pool
