// SPDX-License-Identifier: Apache-2.0
#include "api/json_object.h"

#include <nlohmann/json.hpp>

#include "api/text.h"

namespace offstage::api {
namespace {

using Json = nlohmann::json;

constexpr int kDepth = 500;  // Python's parser in the worker gives up before 1,000

/// Sees the text go by, keeps nothing but the first fault. This parser has no recursion: depth costs it a bit a level.
class ObjectCheck : public nlohmann::json_sax<Json> {
 public:
  std::string fault;

  bool null() override { return value("null"); }
  bool boolean(bool) override { return value("a boolean"); }
  bool number_integer(number_integer_t) override { return value("a number"); }
  bool number_unsigned(number_unsigned_t) override { return value("a number"); }
  bool number_float(number_float_t, const string_t&) override { return value("a number"); }
  bool string(string_t&) override { return value("a string"); }
  bool binary(binary_t&) override { return value("binary"); }
  bool key(string_t&) override { return true; }
  bool start_object(std::size_t) override { return deeper(); }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(std::size_t) override { return value("an array") && deeper(); }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& error) override {
    if (error.id == 406) {  // a number beyond double's range
      fault = "contains the number " + in_quotes(token) + ", which is beyond what a double holds";
    } else {
      fault = "is not JSON at byte " + std::to_string(position) + ", near " + in_quotes(token);
    }
    return false;
  }

 private:
  bool value(const char* what) {
    if (depth_ == 0) fault = std::string("is ") + what + ", and must be an object: {…}";
    return depth_ > 0;
  }
  bool deeper() {
    if (++depth_ > kDepth) fault = "is nested deeper than " + std::to_string(kDepth) + " levels";
    return depth_ <= kDepth;
  }
  int depth_ = 0;
};

}  // namespace

std::optional<std::string> not_a_json_object(std::string_view text) {
  // The parser takes a NUL for the end and passes over a byte order mark. Python's, in the worker, does neither.
  if (const auto nul = text.find('\0'); nul != text.npos) return "is not JSON at byte " + std::to_string(nul + 1) + ": a NUL";
  if (text.starts_with("\xEF\xBB\xBF")) return "begins with a byte order mark, which is no JSON";
  ObjectCheck check;
  if (Json::sax_parse(text.begin(), text.end(), &check)) return std::nullopt;
  return check.fault;
}

}  // namespace offstage::api
