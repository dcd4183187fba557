// SPDX-License-Identifier: Apache-2.0
//
// Writes JSON, compact, in the order given. Text that is JSON already goes in as it is: results keep the bytes that the script made.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace offstage::cli {

std::string json_string(std::string_view text);  ///< quoted and escaped
std::string json_number(double value);           ///< the shortest form that reads back the same; null if not finite

class JsonObject {
 public:
  JsonObject& raw(std::string_view key, std::string_view json);
  JsonObject& text(std::string_view key, std::string_view value) { return raw(key, json_string(value)); }
  JsonObject& text_or_null(std::string_view key, std::string_view value) { return value.empty() ? raw(key, "null") : text(key, value); }
  JsonObject& number(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
  JsonObject& number(std::string_view key, double value) { return raw(key, json_number(value)); }
  JsonObject& boolean(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  std::string text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

std::string json_array(const std::vector<std::string>& items);  ///< of JSON texts
std::string json_strings(const std::vector<std::string>& texts);
std::string json_map(const std::map<std::string, std::string>& texts);

}  // namespace offstage::cli
