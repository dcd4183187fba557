// SPDX-License-Identifier: Apache-2.0
#include "api/text.h"

#include <array>
#include <cstdint>

namespace offstage::api {
namespace {

/// Length of the well-formed sequence at the front of `text` (Unicode 15, table 3-7), or 0.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0}; };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const std::uint8_t a = byte(0), b = byte(1);
  if (a < 0x80) return 1;
  if (a >= 0xC2 && a <= 0xDF) return tail(1) ? 2 : 0;
  if (a >= 0xE0 && a <= 0xEF) {
    const bool second = a == 0xE0 ? b >= 0xA0 && b <= 0xBF : a == 0xED ? b >= 0x80 && b <= 0x9F : tail(1);
    return second && tail(2) ? 3 : 0;
  }
  if (a >= 0xF0 && a <= 0xF4) {
    const bool second = a == 0xF0 ? b >= 0x90 && b <= 0xBF : a == 0xF4 ? b >= 0x80 && b <= 0x8F : tail(1);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::optional<std::size_t> invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

std::optional<std::size_t> control_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<std::uint8_t>(text[at]);
    if (c < 0x20 || c == 0x7F) return at;
    if (c == 0xC2 && at + 1 < text.size() && static_cast<std::uint8_t>(text[at + 1]) < 0xA0) return at;
  }
  return std::nullopt;
}

std::string clip(std::string_view text, std::size_t bytes) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence(text.substr(at));
    const std::string_view character = length == 0 ? std::string_view("?") : text.substr(at, length);
    if (out.size() + character.size() > bytes) return out += "…";
    out += character;
    at += length == 0 ? 1 : length;
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  static constexpr std::array kHex = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  std::string escaped;
  for (const char character : text.substr(0, 200)) {
    const auto c = static_cast<std::uint8_t>(character);
    if (c >= 0x20 && c != 0x7F) {
      escaped += character;
    } else if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += "\\x";
      escaped += kHex[c >> 4];
      escaped += kHex[c & 15];
    }
  }
  return '"' + clip(escaped, 120) + '"';
}

}  // namespace offstage::api
