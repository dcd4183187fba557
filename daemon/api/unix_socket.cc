// SPDX-License-Identifier: Apache-2.0
#include "api/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "base/unique_fd.h"

namespace offstage::api {
namespace {

Error about(const std::filesystem::path& path, std::string reason, const std::string& what, std::string hint) {
  return {Code::failed_precondition, std::move(reason), path.string() + " " + what, std::move(hint), "", {{"path", path.string()}}};
}

std::string errno_text() { return std::system_category().message(errno); }

Status check_folder(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return about(folder, "SOCKET_FOLDER_UNSAFE", "cannot be made: " + errno_text(), "make the folder of the socket, with mode 0700");
  }
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return about(folder, "SOCKET_FOLDER_UNSAFE", "is not a folder", "the socket needs a folder of its own; a symbolic link is not taken");
  }
  if (status.st_uid != ::geteuid()) {
    return about(folder, "SOCKET_FOLDER_UNSAFE",
                 "belongs to uid " + std::to_string(status.st_uid) + ", and the daemon runs as uid " + std::to_string(::geteuid()),
                 "whoever owns the folder could take the socket's place: use a folder of your own");
  }
  if ((status.st_mode & 077) != 0) {
    return about(folder, "SOCKET_FOLDER_UNSAFE", "is open to others", "whoever can reach the socket can run code as you: chmod 700 it");
  }
  return Done{};
}

/// The pid of whoever listens there, 0 where that cannot be told.
std::optional<pid_t> listener(const sockaddr_un& address) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return errno == EAGAIN ? std::optional<pid_t>(0) : std::nullopt;  // its backlog is full: somebody listens
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

}  // namespace

Status prepare_socket(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.native().size() >= sizeof address.sun_path) {
    return about(socket, "SOCKET_PATH_TOO_LONG",
                 "has " + std::to_string(socket.native().size()) + " bytes, and a socket's path may have " + std::to_string(sizeof address.sun_path - 1),
                 "set XDG_RUNTIME_DIR or the option socket to a shorter folder");
  }
  std::memcpy(address.sun_path, socket.c_str(), socket.native().size());
  if (auto good = check_folder(socket.parent_path()); !good) return good;
  struct stat status {};
  if (::lstat(socket.c_str(), &status) != 0) return Done{};
  if (!S_ISSOCK(status.st_mode)) return about(socket, "SOCKET_PATH_TAKEN", "is there and is not a socket", "remove it, or choose another path");
  if (const auto pid = listener(address)) {
    return about(socket, "ANOTHER_DAEMON", "is served by another daemon (pid " + std::to_string(*pid) + ")", "stop that one, or give this one another socket");
  }
  ::unlink(socket.c_str());
  return Done{};
}

Status protect_socket(const std::filesystem::path& socket) {
  if (::chmod(socket.c_str(), 0600) == 0) return Done{};
  return about(socket, "SOCKET_FOLDER_UNSAFE", "cannot be protected: " + errno_text(), "is it on a file system without modes?");
}

}  // namespace offstage::api
