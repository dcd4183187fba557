// SPDX-License-Identifier: Apache-2.0
#include "api/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace offstage::api {
namespace {

constexpr std::array<std::string_view, 8> kWords{"KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH", "COOKIE", "PRIVATE"};
constexpr std::string_view kHidden = "***";

bool ends_authority(char c) { return std::string_view("/?#\"'<>`\\ \t\r\n,").find(c) != std::string_view::npos; }

bool is_web(std::string_view before) { return before.ends_with("http") || before.ends_with("https"); }

}  // namespace

bool names_a_secret(std::string_view name) {
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return std::ranges::any_of(kWords, [&](std::string_view word) { return upper.find(word) != std::string::npos; });
}

std::string without_passwords(std::string_view text) {
  std::string out;
  for (std::size_t mark = text.find("://"); mark != std::string_view::npos; mark = text.find("://")) {
    const bool web = is_web(text.substr(0, mark));
    out += text.substr(0, mark + 3);
    text.remove_prefix(mark + 3);
    const auto end = static_cast<std::size_t>(std::ranges::find_if(text, ends_authority) - text.begin());
    const std::size_t at = text.substr(0, end).rfind('@');
    if (at == std::string_view::npos) continue;
    const std::size_t colon = text.substr(0, at).find(':');
    if (colon != std::string_view::npos) {
      out.append(text.substr(0, colon + 1)).append(kHidden);
    } else {
      out += web ? kHidden : text.substr(0, at);
    }
    text.remove_prefix(at);
  }
  return out.append(text);
}

std::string shown_value(std::string_view name, std::string_view value) { return names_a_secret(name) ? "(hidden)" : without_passwords(value); }

}  // namespace offstage::api
