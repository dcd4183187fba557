// SPDX-License-Identifier: Apache-2.0
#include "store/start_env.h"

#include <nlohmann/json.hpp>

#include "store/statement.h"

namespace offstage::store {

std::string start_env_to_json(const StartEnv& env) {
  if (env.empty()) return "[]";  // nearly always: a million of them are loaded at start
  return nlohmann::json(env).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

StartEnv start_env_from_json(std::string_view text) try {
  if (text == "[]") return {};
  return nlohmann::json::parse(text).get<StartEnv>();
} catch (const nlohmann::json::exception& e) {
  throw SqliteError(SQLITE_CORRUPT, std::string("start_env cannot be read: ") + e.what());
}

}  // namespace offstage::store
