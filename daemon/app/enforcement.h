// SPDX-License-Identifier: Apache-2.0
//
// How limits are held on this machine, in words for people: told by GetServer, `offstage status` and `offstage doctor`. What is not held says "none".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace offstage::app {

/// `cgroup`: the one that workers' groups are made in, or empty. `user`: whose processes workers are.
std::map<std::string, std::string> enforcement(const std::filesystem::path& cgroup, std::int64_t log_bytes, const std::filesystem::path& state, uid_t user);

}  // namespace offstage::app
