// SPDX-License-Identifier: Apache-2.0
#include "api/output.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>

#include "base/ids.h"
#include "base/unique_fd.h"

namespace offstage::api {
namespace {

namespace fs = std::filesystem;

Error not_writable(const fs::path& folder, const std::string& why) {
  return {Code::failed_precondition,
          "OUTPUT_NOT_WRITABLE",
          "results cannot be delivered to " + folder.string() + ": " + why,
          "name a folder on the daemon's machine that the daemon's user may write to",
          "",
          {{"folder", folder.string()}}};
}

/// By making a file, which is what a delivery does: access(2) knows nothing of quotas and read-only mounts of a network.
int try_to_write(const fs::path& folder) {
  if (const UniqueFd nameless(::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)); nameless) return 0;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT) return errno;
  const fs::path probe = folder / (".offstage-probe-" + random_hex(8));
  const UniqueFd fd(::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return errno;
  ::unlink(probe.c_str());
  return 0;
}

}  // namespace

Status check_output(const std::string& folder) {
  fs::path there = fs::path(folder).lexically_normal();
  for (struct stat status{}; ::stat(there.c_str(), &status) != 0 || !S_ISDIR(status.st_mode); there = there.parent_path()) {
    if (::lstat(there.c_str(), &status) == 0) return not_writable(folder, there.string() + " is no folder");
    if (errno != ENOENT) return not_writable(folder, there.string() + ": " + std::strerror(errno));
    if (there.has_filename() && there.filename().string().size() > NAME_MAX) return not_writable(folder, "a name in it is too long");
  }
  if (const int error = try_to_write(there); error != 0) return not_writable(folder, there.string() + ": " + std::strerror(error));
  return Done{};
}

}  // namespace offstage::api
