// SPDX-License-Identifier: Apache-2.0
//
// Reads files that users name: regular ones only, and never blocks on a pipe.
//
// Thread: any but the core strand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>

namespace offstage::api {

enum class FileFault { missing, folder, not_regular, forbidden, other };

struct FileError {
  FileFault fault = FileFault::other;
  std::string text;  ///< the end of a sentence that begins with the file: "is a folder"
};

/// By which a file is known again: if one of them differs, it is another file or another content.
struct FilePin {
  std::int64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
};

class FileBytes {
 public:
  FileBytes(std::string bytes) : state_(std::move(bytes)) {}  // NOLINT(google-explicit-constructor): as Result
  FileBytes(FileError error) : state_(std::move(error)) {}    // NOLINT(google-explicit-constructor)
  explicit operator bool() const { return state_.index() == 0; }
  std::string& operator*() { return std::get<0>(state_); }
  std::string* operator->() { return &std::get<0>(state_); }
  const FileError& error() const { return std::get<1>(state_); }

 private:
  std::variant<std::string, FileError> state_;
};

/// At most `limit` bytes from the file's start, and the pin of what was opened.
FileBytes read_start(const std::filesystem::path& path, std::size_t limit, FilePin* pin = nullptr);

}  // namespace offstage::api
