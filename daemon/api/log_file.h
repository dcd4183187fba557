// SPDX-License-Identifier: Apache-2.0
//
// The log of one attempt, read while it grows. Where holes were punched into it (the middle of a long log is given back to the disk), the reader is told how
// much is missing, and offsets stay true.
//
// Thread: one at a time; not the core strand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/unique_fd.h"

namespace offstage::api {

class LogFile {
 public:
  LogFile() = default;
  /// A file that does not exist is an empty one, until it does.
  explicit LogFile(std::filesystem::path path) : path_(std::move(path)) {}

  struct Chunk {
    std::string data;          ///< at most 64 KiB
    std::int64_t dropped = 0;  ///< so many bytes are missing here; data is empty then
    bool end() const { return data.empty() && dropped == 0; }
  };
  /// Throws std::system_error if it cannot be read.
  Chunk read(std::int64_t offset);
  std::int64_t size();

 private:
  bool open();
  std::filesystem::path path_;
  UniqueFd fd_;
};

}  // namespace offstage::api
