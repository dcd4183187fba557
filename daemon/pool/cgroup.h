// SPDX-License-Identifier: Apache-2.0
//
// A cgroup (version 2) that was given to the daemon to divide among its workers: limits that the kernel holds, and an end from which nothing escapes.
//
// Given it is by a name: where the daemon's own cgroup is called `offstage`, the one above is taken (systemd: Delegate=memory pids, DelegateSubgroup=offstage).
// A group with processes of its own cannot be divided, so one that is merely writable, such as a desktop's for a terminal, would be the wrong one to take.
// Keepers make a group for each worker, named after its attempt (daemon/worker/cgroup.py); what they left is removed here.
//
// Thread: any.
#pragma once

#include <filesystem>
#include <functional>

#include "base/ids.h"

namespace offstage::pool {

/// Readies the group above ours for workers: its path, or empty where none was given, or memory and processes cannot be limited in it. `root` has proc/.
std::filesystem::path delegated_cgroup(const std::filesystem::path& root = "/");

/// Kills what is in the worker's group, and removes it. False: something in it still dies.
bool remove_cgroup(const std::filesystem::path& above, AttemptId attempt);
/// All groups of workers but those to keep.
void remove_cgroups(const std::filesystem::path& above, const std::function<bool(AttemptId)>& keep);

}  // namespace offstage::pool
