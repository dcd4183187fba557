// SPDX-License-Identifier: Apache-2.0
//
// Which GPUs a process sees, by the variables that the drivers read when they are first asked for devices. Before that, or never: so each Blender is started
// with all hidden, and one that has some is started for its job. Each variable has a value either way, or one of the daemon's own environment would count.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model.h"

namespace offstage::pool {

using Variables = std::vector<std::pair<std::string, std::string>>;

Variables hidden_gpus();
/// These alone.
Variables visible_gpus(const core::Gpus& ids);
/// True of those variables, and of others that mean the same.
bool decides_visible_gpus(std::string_view variable);

}  // namespace offstage::pool
