// SPDX-License-Identifier: Apache-2.0
#include "store/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "store/network_filesystem.h"

namespace offstage::store {

namespace fs = std::filesystem;

namespace {

Error unusable(const fs::path& folder, const std::string& why) {
  return {.code = Code::failed_precondition,
          .reason = "STATE_FOLDER_UNUSABLE",
          .message = "state folder " + folder.string() + " cannot be used: " + why,
          .hint = "make it a folder that uid " + std::to_string(::geteuid()) + " may write, or name another: set XDG_STATE_HOME",
          .fields = {{"folder", folder}}};
}

Error not_private(const fs::path& folder, const std::string& why, const std::string& hint) {
  return {.code = Code::failed_precondition,
          .reason = "STATE_FOLDER_NOT_PRIVATE",
          .message = "state folder " + folder.string() + " is not private: " + why,
          .hint = hint,
          .fields = {{"folder", folder}}};
}

// A new folder survives a power cut only when the one that holds it is synced; SQLite does so for the files in it.
Status make(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0) {
    if (errno == EEXIST) return Done{};
    if (errno != ENOENT || !folder.has_parent_path()) return unusable(folder, std::strerror(errno));
    if (Status parent = make(folder.parent_path()); !parent) return parent;
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return unusable(folder, std::strerror(errno));
  }
  const UniqueFd parent(::open(folder.has_parent_path() ? folder.parent_path().c_str() : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent || ::fsync(parent.get()) != 0) return unusable(folder, std::string("syncing the folder above it: ") + std::strerror(errno));
  return Done{};
}

Status check(const fs::path& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return unusable(folder, std::strerror(errno));
  if (!S_ISDIR(info.st_mode)) return unusable(folder, "it is no folder");
  if (info.st_uid != ::geteuid()) {
    return not_private(folder, "it belongs to uid " + std::to_string(info.st_uid) + ", and the daemon runs as uid " + std::to_string(::geteuid()),
                       "run the daemon as that user, or name another state folder: set XDG_STATE_HOME");
  }
  if ((info.st_mode & 077) != 0) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", info.st_mode & 07777);
    return not_private(folder, std::string("its mode is ") + mode + ", so that others may enter it", "chmod 700 " + folder.string());
  }
  return Done{};
}

std::string read_pid(int fd) {
  char text[16] = {};
  const ssize_t size = ::pread(fd, text, sizeof text - 1, 0);
  const std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  return pid.substr(0, pid.find('\n'));
}

// flock() and not fcntl(): a second open of this same process is kept out as well, and closing some other descriptor of the file does not unlock.
Result<UniqueFd> lock(const fs::path& folder) {
  const fs::path file = folder / "lock";
  UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return unusable(folder, "opening " + file.string() + ": " + std::strerror(errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return unusable(folder, "locking " + file.string() + ": " + std::strerror(errno));
    const std::string pid = read_pid(fd.get());
    return Error{.code = Code::failed_precondition,
                 .reason = "ANOTHER_DAEMON",
                 .message = "state folder " + folder.string() + " is in use by another offstaged (pid " + (pid.empty() ? "unknown" : pid) + ")",
                 .hint = "`offstage daemon stop` ends it; a second daemon needs an XDG_STATE_HOME of its own",
                 .fields = {{"folder", folder}, {"pid", pid}}};
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // Never empty in between: on a full disk the page that was given back would be gone.
  if (::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()) || ::ftruncate(fd.get(), static_cast<off_t>(pid.size())) != 0) {
    return unusable(folder, "writing " + file.string() + ": " + std::strerror(errno));
  }
  return fd;
}

}  // namespace

Result<StateFolder> take_state_folder(const fs::path& folder) {
  if (Status made = make(folder); !made) return made.error();
  std::error_code code;
  const fs::path path = fs::canonical(folder, code);
  if (code) return unusable(folder, code.message());
  if (Status checked = check(path); !checked) return checked.error();
  if (Status local = refuse_network_filesystem(path); !local) return local.error();
  auto held = lock(path);
  if (!held) return held.error();
  return StateFolder{path, std::move(*held)};
}

}  // namespace offstage::store
