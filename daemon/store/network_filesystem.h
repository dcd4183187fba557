// SPDX-License-Identifier: Apache-2.0
//
// Tells filesystems that other machines share, where locks and shared memory of SQLite's WAL cannot be relied on.
//
// Thread: any.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace offstage::store {

/// The name of a network filesystem by statfs(2)'s magic number; nothing for a local one. FUSE is decided by `fuse_type`, "fuse.sshfs" in /proc/self/mountinfo.
std::optional<std::string> network_filesystem(std::uint32_t magic, std::string_view fuse_type);

/// The type of the mount that holds device `major`:`minor`, from the text of /proc/self/mountinfo; empty if there is none.
std::string mount_type(std::string_view mountinfo, unsigned major, unsigned minor);

/// NETWORK_FILESYSTEM if `folder` lies on one.
Status refuse_network_filesystem(const std::filesystem::path& folder);

}  // namespace offstage::store
