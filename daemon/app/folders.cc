// SPDX-License-Identifier: Apache-2.0
#include "app/folders.h"

#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/unique_fd.h"

namespace offstage::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_socket_path = sizeof(sockaddr_un::sun_path) - 1;

Error about(const fs::path& path, std::string reason, std::string message, std::string hint) {
  return {.code = Code::failed_precondition,
          .reason = std::move(reason),
          .message = std::move(message),
          .hint = std::move(hint),
          .fields = {{"path", path.string()}}};
}

Error failed(const fs::path& path, const std::string& what) {
  return about(path, "FOLDER_UNUSABLE", what + ": " + std::strerror(errno), "make it, or name another place: `offstaged --print-options` lists the options");
}

fs::path home(const Environment& environment) {
  if (const auto value = environment("HOME"); value && value->starts_with('/')) return *value;
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr ? user->pw_dir : "/";
}

Status check_private(const fs::path& folder) {
  struct stat found {};
  if (::lstat(folder.c_str(), &found) != 0) return failed(folder, "the folder cannot be looked at");
  if (S_ISLNK(found.st_mode)) return about(folder, "FOLDER_UNSAFE", "a symbolic link stands where a private folder is needed", "remove it");
  if (!S_ISDIR(found.st_mode)) return about(folder, "FOLDER_UNSAFE", "a file stands where a private folder is needed", "remove it");
  if (found.st_uid != ::geteuid())
    return about(folder, "FOLDER_UNSAFE",
                 "the folder belongs to uid " + std::to_string(found.st_uid) + ", and the daemon runs as uid " + std::to_string(::geteuid()),
                 "remove it, or set XDG_RUNTIME_DIR or XDG_STATE_HOME to a folder of your own");
  if ((found.st_mode & 077) != 0) return about(folder, "FOLDER_UNSAFE", "the folder is open to other users", "chmod 700 " + folder.string());
  return Done{};
}

/// The pid of whoever listens, 0 if nobody does.
std::optional<pid_t> listener(const fs::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), longest_socket_path);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EAGAIN) return std::nullopt;
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

}  // namespace

fs::path xdg_home(const Environment& environment, const char* variable, const char* usual) {
  const auto value = environment(variable);
  return value && value->starts_with('/') ? fs::path(*value) : home(environment) / usual;
}

std::string machine_id(const fs::path& file) {
  std::string id;
  std::ifstream(file) >> id;
  return id.size() >= 12 && id.find_first_not_of("0123456789abcdef") == std::string::npos ? id.substr(0, 12) : "local";
}

Result<Folders> find_folders(const Options& options, const Environment& environment) {
  Folders out;
  out.state = !options.state_dir.empty() ? options.state_dir : xdg_home(environment, "XDG_STATE_HOME", ".local/state") / "offstage" / machine_id();
  out.proof_cache = !options.proof_cache.empty() ? options.proof_cache : xdg_home(environment, "XDG_CACHE_HOME", ".cache") / "offstage";
  const auto runtime = environment("XDG_RUNTIME_DIR"), temp = environment("TMPDIR");
  if (!options.runtime_dir.empty()) {
    out.runtime = options.runtime_dir;
  } else if (runtime && runtime->starts_with('/')) {
    out.runtime = fs::path(*runtime) / "offstage";
  } else {
    out.runtime = fs::path(temp && temp->starts_with('/') ? *temp : "/tmp") / ("offstage-" + std::to_string(::geteuid()));
  }
  out.socket = !options.socket.empty() ? options.socket : out.runtime / "offstaged.sock";
  out.workers_socket = out.runtime / "workers.sock";
  for (const fs::path& socket : {out.socket, out.workers_socket}) {
    if (const std::size_t length = socket.native().size(); length > longest_socket_path)
      return about(socket, "SOCKET_PATH_TOO_LONG",
                   "the socket's path has " + std::to_string(length) + " bytes, and the system allows " + std::to_string(longest_socket_path),
                   "set XDG_RUNTIME_DIR, or the option runtime_dir, to a shorter one");
  }
  return out;
}

Status make_private(const fs::path& folder) {
  std::error_code error;
  if (const fs::path parent = folder.parent_path(); !parent.empty() && !fs::exists(parent, error)) {
    fs::create_directories(parent, error);  // umask 077: private as well
    if (error) {
      errno = error.value();
      return failed(parent, "the folder cannot be made");
    }
  }
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed(folder, "the folder cannot be made");
  return check_private(folder);
}

Status remove_stale_socket(const fs::path& socket) {
  struct stat found {};
  if (::lstat(socket.c_str(), &found) != 0) return Done{};
  if (!S_ISSOCK(found.st_mode)) return about(socket, "SOCKET_UNUSABLE", "something that is no socket stands in the socket's place", "remove it");
  if (const auto pid = listener(socket))
    return about(socket, "DAEMON_RUNNING", "another daemon serves this socket (pid " + std::to_string(*pid) + ")",
                 "use that one, stop it with `offstage daemon stop`, or set XDG_RUNTIME_DIR and XDG_STATE_HOME for one more");
  if (::unlink(socket.c_str()) != 0) return failed(socket, "the socket of an ended daemon cannot be removed");
  return Done{};
}

Result<fs::path> find_worker_code(const fs::path& executable) {
  const fs::path folder = (executable.parent_path() / "../share/offstage/worker").lexically_normal();
  if (std::error_code error; fs::exists(folder / "boot.py", error)) return folder;
  return about(folder, "WORKER_CODE_MISSING", "the worker's Python is not where the installation puts it",
               "install Offstage again: `cmake --install build/release --prefix DIR`");
}

}  // namespace offstage::app
