// SPDX-License-Identifier: Apache-2.0
#include "pool/scratch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/unique_fd.h"
#include "store/blobs.h"

namespace offstage::pool {

namespace fs = std::filesystem;

fs::path scratch_folder(const fs::path& state, const std::string& nonce) { return state / "keepers" / (nonce.substr(0, 8) + ".tmp"); }
fs::path scene_in(const fs::path& folder) { return folder / "scene.blend"; }

Status make_scratch(const fs::path& folder, const core::Kind& what, const fs::path& state) {
  std::error_code error;
  if (!fs::create_directory(folder, error)) {
    return Error{Code::resource_exhausted, "SPAWN_FAILED", "the folder " + folder.string() + " cannot be made: " + error.message(), "", ""};
  }
  const auto blob = Sha256::parse(what.scene.empty() ? "" : nlohmann::json::parse(what.scene).value("blob", ""));
  if (!blob || ::link(store::blob_path(state, *blob).c_str(), scene_in(folder).c_str()) == 0) return Done{};
  const int reason = errno;
  fs::remove(folder, error);
  if (reason == ENOENT) return store::blob_not_found(*blob);
  return Error{Code::resource_exhausted, "SPAWN_FAILED", "the blob " + blob->hex() + " cannot be linked into " + folder.string() + ": " + std::strerror(reason),
               "", ""};
}

bool in_use(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  return fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

void touch_scene(const fs::path& folder) { ::utimensat(AT_FDCWD, scene_in(folder).c_str(), nullptr, AT_SYMLINK_NOFOLLOW); }

}  // namespace offstage::pool
