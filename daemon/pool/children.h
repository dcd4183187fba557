// SPDX-License-Identifier: Apache-2.0
//
// Starts processes (posix_spawn, never fork) and knows which children of this process are meant to be: all others are strays.
//
// This process is a subreaper, so what a dead keeper leaves becomes our child. Starting and looking exclude each other, or a look would find a child that is
// not in the list yet.
//
// Thread: any; a lock inside.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace offstage::pool {

struct Command {
  std::vector<std::string> arguments;                            ///< [0] is the program, found on PATH if it has no slash
  std::vector<std::pair<std::string, std::string>> environment;  ///< over our own
  std::filesystem::path folder;                                  ///< working directory; empty: ours
  int input = -1, output = -1, error = -1;                       ///< -1: /dev/null
};

struct Child {
  pid_t pid = 0;
  UniqueFd pidfd;
};

class Children {
 public:
  /// In a session of its own, all signals at their defaults, no descriptor inherited but the three. SPAWN_FAILED.
  Result<Child> spawn(const Command& command);
  void forget(pid_t pid);
  /// Children of ours that were not spawned here and are not `known`.
  std::vector<pid_t> strays(const std::function<bool(pid_t)>& known);
  /// The pool goes: who waits for a child gives up.
  void close() { closed_ = true; }
  bool closed() const { return closed_; }

 private:
  std::mutex mutex_;
  std::set<pid_t> spawned_;
  std::atomic<bool> closed_ = false;
};

/// This process adopts orphaned descendants.
void become_subreaper();

}  // namespace offstage::pool
