// SPDX-License-Identifier: Apache-2.0
//
// The start-up variables of a kind as JSON: [["NAME", "value"], …].
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace offstage::store {

using StartEnv = std::vector<std::pair<std::string, std::string>>;

std::string start_env_to_json(const StartEnv& env);
StartEnv start_env_from_json(std::string_view text);

}  // namespace offstage::store
