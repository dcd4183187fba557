// SPDX-License-Identifier: Apache-2.0
#include "pool/children.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>

#include <cstring>
#include <map>

#include "pool/procs.h"

extern char** environ;

namespace offstage::pool {
namespace {

std::vector<std::string> merged_environment(const Command& command) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : command.environment) variables[name] = value;
  std::vector<std::string> out;
  out.reserve(variables.size());
  for (const auto& [name, value] : variables) out.emplace_back(name).append("=").append(value);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (auto& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

struct Actions {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  Actions() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  ~Actions() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  void standard(int target, int fd) {
    if (fd >= 0) {
      ::posix_spawn_file_actions_adddup2(&files, fd, target);
    } else {
      ::posix_spawn_file_actions_addopen(&files, target, "/dev/null", target == 0 ? O_RDONLY : O_WRONLY, 0);
    }
  }
};

}  // namespace

Result<Child> Children::spawn(const Command& command) {
  Actions actions;
  actions.standard(0, command.input);
  actions.standard(1, command.output);
  actions.standard(2, command.error);
  if (!command.folder.empty()) ::posix_spawn_file_actions_addchdir_np(&actions.files, command.folder.c_str());
  ::posix_spawn_file_actions_addclosefrom_np(&actions.files, 3);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&actions.attributes, &none);
  ::posix_spawnattr_setsigdefault(&actions.attributes, &all);
  ::posix_spawnattr_setflags(&actions.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = merged_environment(command);
  pid_t pid = 0;
  const std::scoped_lock lock(mutex_);
  const int error = ::posix_spawnp(&pid, arguments[0].c_str(), &actions.files, &actions.attributes, pointers(arguments).data(), pointers(environment).data());
  if (error != 0) {
    return Error{Code::unavailable, "SPAWN_FAILED", arguments[0] + " cannot be started: " + std::strerror(error), "", "", {{"file", arguments[0]}}};
  }
  spawned_.insert(pid);
  return Child{pid, open_process(pid)};  // not reaped yet, so the number is still its own
}

void Children::forget(pid_t pid) {
  const std::scoped_lock lock(mutex_);
  spawned_.erase(pid);
}

std::vector<pid_t> Children::strays(const std::function<bool(pid_t)>& known) {
  const std::scoped_lock lock(mutex_);
  std::vector<pid_t> out;
  for (const pid_t pid : children_of_ours()) {
    if (!spawned_.contains(pid) && !known(pid)) out.push_back(pid);
  }
  return out;
}

void become_subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

}  // namespace offstage::pool
