// SPDX-License-Identifier: Apache-2.0
//
// Processes, told apart by number and start time, held and killed through pidfds only: a number alone may be somebody else's by now.
//
// Thread: any; plain system calls that do not block.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "core/model.h"
#include "pool/records.h"

namespace offstage::pool {

/// /proc/PID/stat, fields 4 and 22.
struct ProcessStat {
  pid_t parent = 0;
  std::uint64_t start_ticks = 0;
  char state = '?';  ///< 'Z': dead, not reaped
};
std::optional<ProcessStat> stat_of(pid_t pid);

/// A pidfd of that very process; empty: it is gone (or a zombie).
UniqueFd open_process(core::ProcessId process);
UniqueFd open_process(pid_t pid);
bool send_signal(const UniqueFd& pidfd, int signal);
/// The pidfd is readable: the process has ended.
bool has_ended(const UniqueFd& pidfd);

/// Reaps a child that has ended; nullopt: it is no child of ours, or lives.
std::optional<core::Exit> reap(const UniqueFd& pidfd);

/// Children of this process, those of all its threads.
std::vector<pid_t> children_of_ours();

/// Kills each process of this machine and user that carries OFFSTAGE_STATE_ID=`state_id`, but for those in `keep`, their descendants, and this one.
/// Returns how many. `wait`: at most so long for their end.
unsigned kill_marked(const std::string& state_id, const std::vector<pid_t>& keep, std::chrono::milliseconds wait);

/// The highest of the unbroken row of ancestors of `pid` that carry the mark: a worker's keeper, or the wrapper around it. 0: none.
pid_t marked_ancestor(pid_t pid, const std::string& state_id);

}  // namespace offstage::pool
