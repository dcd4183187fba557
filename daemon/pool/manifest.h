// SPDX-License-Identifier: Apache-2.0
//
// The files that an attempt has left in its out/, as its manifest lists them. Format in daemon/worker/WIRE.md.
//
// A worker wrote the list and a script shares its process, so nothing of it is believed: names that lead out of the folder are no entries, files are opened
// without following any link, and only regular ones.
//
// Thread: any; what reads may take long where there are very many files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/model.h"

namespace offstage::pool {

/// What stat() said of a file when it was hashed. One that still looks so has still that content (docs/design/result-files.md).
struct FileLook {
  std::int64_t mtime_ns = 0, ctime_ns = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileLook&, const FileLook&) = default;
};

struct ResultFile {
  std::string name;                   ///< relative to out/
  std::int64_t size = 0;              ///< in bytes
  std::string sha256;                 ///< 64 lower-case hexadecimal digits
  std::optional<FileLook> look = {};  ///< none: its content has to be read to be known
  friend bool operator==(const ResultFile&, const ResultFile&) = default;
};

/// One line; `removed`: there is no such file any more, and `file` has but its name.
struct ManifestLine {
  ResultFile file;
  bool removed = false;
};
/// nullopt: it is none.
std::optional<ManifestLine> parse_manifest_line(std::string_view line);
/// Parts of the result's value and data-blocks, which are no files of the user's.
bool is_internal(std::string_view name);

/// The list as it counts now: of each name its last line.
class Manifest {
 public:
  static Manifest parse(std::string_view bytes);

  const std::vector<ResultFile>& files() const { return files_; }  ///< in the order in which they were announced
  std::int64_t bytes() const { return bytes_; }                    ///< their sizes together
  const ResultFile* find(const std::string& name) const;

 private:
  std::vector<ResultFile> files_;
  std::unordered_map<std::string, std::size_t> places_;
  std::int64_t bytes_ = 0;
};

/// `folder` is the attempt's. No manifest: an empty one. FILE_LIST_DAMAGED: it cannot be read, or is no regular file of at most 512 MiB.
Result<Manifest> read_manifest(const std::filesystem::path& folder);
/// … that is what was told, and each file has its size. FILE_LIST_DAMAGED, FILE_MISSING, FILE_CHANGED.
Result<Manifest> check_files(const std::filesystem::path& folder, const core::FilesTold& told);

/// Nothing can have changed it since it was hashed.
bool looks_as_listed(int fd, const ResultFile& file);

/// Opens listed files below an attempt's out/.
class OutFolder {
 public:
  explicit OutFolder(const std::filesystem::path& folder);
  /// FILE_MISSING: there is none, or nothing regular. FILE_CHANGED: it has another size.
  Result<UniqueFd> open(const ResultFile& file) const;

 private:
  UniqueFd fd_;
};

}  // namespace offstage::pool
