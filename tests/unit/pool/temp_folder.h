// SPDX-License-Identifier: Apache-2.0
//
// A folder that is gone with the test, and files in it.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace offstage::pool {

struct TempFolder {
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "offstage-unit-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path write(const std::string& name, const std::string& content, mode_t mode = 0600) const {
    const auto file = path / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    ::chmod(file.c_str(), mode);
    return file;
  }
  std::filesystem::path path;
};

}  // namespace offstage::pool
