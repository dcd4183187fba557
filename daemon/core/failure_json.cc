// SPDX-License-Identifier: Apache-2.0
#include "core/failure_json.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace offstage::core {

using nlohmann::json;

std::string to_json(const Failure& failure) {
  json object = {{"reason", static_cast<int>(failure.reason)}};
  if (!failure.message.empty()) object["message"] = failure.message;
  if (!failure.hint.empty()) object["hint"] = failure.hint;
  for (const auto& [name, value] : failure.fields) object["fields"].push_back(json::array({name, value}));
  if (!failure.script_error_json.empty()) object["error"] = failure.script_error_json;
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Failure failure_from_json(std::string_view text) try {
  const json object = json::parse(text);
  Failure failure;
  failure.reason = static_cast<Reason>(object.at("reason").get<int>());
  failure.message = object.value("message", "");
  failure.hint = object.value("hint", "");
  for (const json& field : object.value("fields", json::array())) {
    failure.fields.emplace_back(field.at(0).get<std::string>(), field.at(1).get<std::string>());
  }
  failure.script_error_json = object.value("error", "");
  return failure;
} catch (const json::exception& e) {
  throw std::runtime_error(std::string("a stored failure cannot be read: ") + e.what());
}

}  // namespace offstage::core
