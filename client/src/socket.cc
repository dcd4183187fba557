// SPDX-License-Identifier: Apache-2.0
#include "socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <offstage/connection.h>

namespace offstage::inline client {
namespace {

constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;

Error no_daemon(const std::string& path, std::string reason, std::string message) {
  return {.code = Code::no_daemon,
          .reason = std::move(reason),
          .message = std::move(message),
          .hint = "start one with `offstage daemon start`",
          .fields = {{"socket", path}}};
}

Error unsafe(const std::string& path, std::string reason, std::string message, std::string hint) {
  return {.code = Code::unsafe_socket, .reason = std::move(reason), .message = std::move(message), .hint = std::move(hint), .fields = {{"path", path}}};
}

/// Ours, and closed to others.
Status check(const std::string& path, const struct stat& found, const char* what, const char* reason, const char* mode) {
  if (found.st_uid != ::geteuid())
    return unsafe(path, reason,
                  std::string("the ") + what + " belongs to uid " + std::to_string(found.st_uid) + ", not to you (uid " + std::to_string(::geteuid()) + ")",
                  "whoever owns it could read your jobs: set XDG_RUNTIME_DIR to a folder of your own");
  if ((found.st_mode & S_ISVTX) != 0)
    return unsafe(path, reason, std::string("the ") + what + " is shared by all users", "put the socket into a folder of your own, with mode 700");
  if ((found.st_mode & 077U) != 0)
    return unsafe(path, reason, std::string("the ") + what + " is open to other users", std::string("chmod ") + mode + " " + path);
  return Done{};
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::string default_socket_path() {
  const std::string named = environment("OFFSTAGE_RUNTIME_DIR"), runtime = environment("XDG_RUNTIME_DIR"), temp = environment("TMPDIR");
  const auto absolute = [](const std::string& path) { return path.starts_with('/'); };
  if (absolute(named)) return named + "/offstaged.sock";
  if (absolute(runtime)) return runtime + "/offstage/offstaged.sock";
  return (absolute(temp) ? temp : "/tmp") + "/offstage-" + std::to_string(::geteuid()) + "/offstaged.sock";
}

Result<pid_t> probe_socket(const std::string& path) {
  if (path.size() > longest_path)
    return unsafe(path, "SOCKET_PATH_TOO_LONG",
                  "the socket's path has " + std::to_string(path.size()) + " bytes, and the system allows " + std::to_string(longest_path),
                  "set XDG_RUNTIME_DIR (or OFFSTAGE_SOCKET) to a shorter path");
  struct stat found {};
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (::lstat(folder.c_str(), &found) == 0) {
    if (S_ISLNK(found.st_mode))
      return unsafe(folder, "FOLDER_UNSAFE", "a symbolic link stands where the socket's private folder is expected", "name the folder itself");
    if (Status ok = check(folder, found, "socket's folder", "FOLDER_UNSAFE", "700"); !ok) return ok.error();
  }
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == EACCES)
      return unsafe(path, "SOCKET_UNSAFE", "the socket's folder is closed to you", "whose daemon is it? Each user runs a daemon of their own");
    return no_daemon(path, "NO_SOCKET", "no daemon is running");
  }
  if (!S_ISSOCK(found.st_mode)) return unsafe(path, "SOCKET_UNSAFE", "something that is no socket stands in the socket's place", "remove it");
  if (Status ok = check(path, found, "socket", "SOCKET_UNSAFE", "600"); !ok) return ok.error();

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool listening = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN;
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = listening && ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  ::close(fd);
  if (!listening) return no_daemon(path, "STALE_SOCKET", "no daemon is running; one that has ended left its socket behind");
  if (known && peer.pid != 0 && peer.uid != ::geteuid())
    return unsafe(path, "PEER_UNSAFE", "a process of uid " + std::to_string(peer.uid) + " listens at your daemon's socket",
                  "find out whose it is before you go on");
  return peer.pid;
}

}  // namespace offstage::inline client
