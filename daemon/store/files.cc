// SPDX-License-Identifier: Apache-2.0
#include "store/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace offstage::store {

namespace {

constexpr std::size_t most_at_once = 4;

Status sync(const std::filesystem::path& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return file_error(path, std::string("syncing it: ") + std::strerror(errno));
  return Done{};
}

}  // namespace

Error file_error(const std::filesystem::path& file, const std::string& why) {
  return {.code = errno == ENOSPC ? Code::resource_exhausted : Code::failed_precondition,
          .reason = errno == ENOSPC ? "DISK_FULL" : "FILE_UNUSABLE",
          .message = "file " + file.string() + " cannot be used: " + why,
          .hint = "check that its folder may be written by this user and that its disk has room",
          .fields = {{"file", file}}};
}

Status sync_file(const std::filesystem::path& file) { return sync(file, O_NOFOLLOW); }
Status sync_folder(const std::filesystem::path& folder) { return sync(folder, O_DIRECTORY); }

Status sync_all(std::span<const std::filesystem::path> paths) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Status first = Done{};  // error; guarded by the mutex
  const auto work = [&] {
    for (std::size_t at = 0; (at = next++) < paths.size();) {
      Status synced = sync(paths[at], O_NOFOLLOW);
      const std::lock_guard lock(mutex);
      if (!synced && first) first = std::move(synced);
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(most_at_once, paths.size()); ++i) others.emplace_back(work);
    work();
  }
  return first;
}

}  // namespace offstage::store
