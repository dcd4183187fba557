// SPDX-License-Identifier: Apache-2.0
#include "store/contents.h"

#include <sys/stat.h>

namespace offstage::store {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::hours blobs_kept{1}, rests_kept{24}, corrupt_kept{7 * 24};

std::vector<fs::path> listed(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) out.push_back(it->path());
  return out;
}

/// Of all files below, each once however many names it has: those of blobs count where the blob lies.
std::int64_t bytes_below(const fs::path& folder, bool only_own) {
  std::int64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    struct stat s {};
    if (::lstat(it->path().c_str(), &s) == 0 && S_ISREG(s.st_mode) && (s.st_nlink == 1 || !only_own)) bytes += s.st_size;
  }
  return bytes;
}

/// Those that were made, or renamed, or linked before: a copy may have an old mtime.
void collect_old(const fs::path& folder, ContentGarbage::Kind kind, Wall before, bool remove, std::vector<ContentGarbage>& found) {
  for (const fs::path& path : listed(folder)) {
    struct stat s {};
    if (::lstat(path.c_str(), &s) != 0 || Wall(std::chrono::seconds(s.st_ctim.tv_sec)) >= before) continue;
    found.push_back({kind, path, S_ISDIR(s.st_mode) ? bytes_below(path, false) : s.st_size});
    std::error_code ignored;
    if (remove) fs::remove_all(path, ignored);
  }
}

}  // namespace

Status Contents::open() const {
  if (Status made = blobs.open(); !made) return made;
  return inputs.open();
}

void Contents::measure() {
  room.add(bytes_below(blobs.folder(), false) - bytes_below(blobs.folder() / "corrupt", false) + bytes_below(state_ / "inputs", true));
}

std::vector<ContentGarbage> Contents::collect(const std::function<bool(JobId)>& known, Wall now, bool remove) {
  using Kind = ContentGarbage::Kind;
  std::vector<ContentGarbage> found;
  inputs.collect(known, remove, [&](const fs::path& path, std::int64_t bytes) { found.push_back({Kind::inputs, path, bytes}); });
  for (const fs::path& folder : listed(blobs.folder())) {
    const std::string begin = folder.filename().string();
    if (begin.size() != 2) continue;
    for (const fs::path& path : listed(folder)) {
      const auto name = Sha256::parse(begin + path.filename().string());
      const auto bytes = name ? blobs.collect(*name, now - blobs_kept, remove) : std::nullopt;
      if (bytes) found.push_back({Kind::blob, path, *bytes});
    }
  }
  for (const fs::path& path : listed(blobs.folder() / "partial")) {
    const auto name = Sha256::parse(path.filename().string());
    const auto bytes = name ? blobs.collect_partial(*name, now - rests_kept, remove) : std::nullopt;
    if (bytes) found.push_back({Kind::partial, path, *bytes});
  }
  collect_old(blobs.folder() / "corrupt", Kind::corrupt, now - corrupt_kept, remove, found);
  collect_old(staging_folder(state_), Kind::staged, now - rests_kept, remove, found);
  return found;
}

}  // namespace offstage::store
