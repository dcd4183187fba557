// SPDX-License-Identifier: Apache-2.0
//
// How a keeper is started: the command for each kind of Blender, and the JSON line on its standard input. See "Boot" in daemon/worker/WIRE.md.
//
// Thread: pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/model.h"
#include "pool/pool.h"

namespace offstage::pool {

std::vector<std::string> keeper_command(const Blender& blender, core::Isolation isolation, const std::filesystem::path& worker_code);
/// The words before it; empty: it is started as it is.
std::vector<std::string> wrapper_of(const core::Kind& what);
/// `folder` is the keeper's own.
std::string boot_line(const Blender& blender, core::Isolation isolation, const PoolOptions& options, const std::string& nonce, const core::Kind& what,
                      const std::filesystem::path& folder);

}  // namespace offstage::pool
