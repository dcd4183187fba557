// SPDX-License-Identifier: Apache-2.0
//
// Where the daemon's program and its log lie.
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cli/daemon_control.h"

namespace offstage::cli {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

fs::path home() {
  if (const std::string value = environment("HOME"); value.starts_with('/')) return value;
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr ? user->pw_dir : "/";
}

/// As the daemon names its state folder: homes may be shared by machines.
std::string machine_id() {
  std::string id;
  std::ifstream("/etc/machine-id") >> id;
  return id.size() >= 12 && id.find_first_not_of("0123456789abcdef") == std::string::npos ? id.substr(0, 12) : "local";
}

bool runnable(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0;
}

}  // namespace

fs::path daemon_log_file() {
  const std::string state = environment("XDG_STATE_HOME");
  return (state.starts_with('/') ? fs::path(state) : home() / ".local/state") / "offstage" / machine_id() / "daemon.log";
}

fs::path find_daemon_program() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (fs::path beside = self.parent_path() / "offstaged"; runnable(beside)) return beside;
  std::istringstream path(environment("PATH"));
  for (std::string folder; std::getline(path, folder, ':');)
    if (folder.starts_with('/') && runnable(fs::path(folder) / "offstaged")) return fs::path(folder) / "offstaged";
  return {};
}

std::string last_lines(const fs::path& file, std::size_t count, std::uintmax_t from) {
  constexpr std::uintmax_t most = 1U << 20U;
  std::ifstream in(file, std::ios::binary);
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (!in || error) return {};
  in.seekg(static_cast<std::streamoff>(std::max(from, size > most ? size - most : 0)));
  std::ostringstream all;
  all << in.rdbuf();
  const std::string text = all.str();
  std::size_t at = text.size();
  if (at > 0 && text.back() == '\n') --at;
  for (; count > 0 && at != std::string::npos && at > 0; --count) at = text.rfind('\n', at - 1);
  return at == std::string::npos || at == 0 ? text : text.substr(at + 1);
}

}  // namespace offstage::cli
