// SPDX-License-Identifier: Apache-2.0
//
// The folder of a keeper, <state>/keepers/<nonce's first 8>.tmp: its TMPDIR, and, where it has a scene open that was handed over by value, what that was
// opened from.
//
//     scene.blend    a second name of the blob, which gc therefore leaves alone
//     scene/         the farm of links (worker/farm.py)
//
// A zygote with such a scene locks its folder (flock), and its children have the lock with it: whoever finds it free may remove it, whoever was killed when.
//
// Thread: any; plain system calls that do not block.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "core/model.h"

namespace offstage::pool {

std::filesystem::path scratch_folder(const std::filesystem::path& state, const std::string& nonce);
/// Where the scene's bytes lie in the folder of its zygote.
std::filesystem::path scene_in(const std::filesystem::path& folder);

/// Makes the folder, with the scene of that kind, if it has one by value. SPAWN_FAILED, BLOB_NOT_FOUND.
Status make_scratch(const std::filesystem::path& folder, const core::Kind& what, const std::filesystem::path& state);
/// A zygote has its scene open from there, or a worker of it.
bool in_use(const std::filesystem::path& folder);
/// The folder is about to go: gc leaves the blob alone for an hour more, for a zygote that takes its place.
void touch_scene(const std::filesystem::path& folder);

}  // namespace offstage::pool
