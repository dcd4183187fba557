// SPDX-License-Identifier: Apache-2.0
#include "app/folders.h"

#include <pwd.h>
#include <unistd.h>

#include <fstream>

namespace offstage::app {
namespace {

namespace fs = std::filesystem;

fs::path home(const Environment& environment) {
  if (const auto value = environment("HOME"); value && value->starts_with('/')) return *value;
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr ? user->pw_dir : "/";
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

Folders find_folders(const Options& options, const Environment& environment) {
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
  return out;
}

Result<fs::path> find_worker_code(const fs::path& executable) {
  const fs::path folder = (executable.parent_path() / "../share/offstage/worker").lexically_normal();
  if (std::error_code error; fs::exists(folder / "boot.py", error)) return folder;
  return Error{.code = Code::failed_precondition,
               .reason = "WORKER_CODE_MISSING",
               .message = "the worker's Python is not where the installation puts it",
               .hint = "install Offstage again: `cmake --install build/release --prefix DIR`",
               .fields = {{"folder", folder.string()}}};
}

}  // namespace offstage::app
