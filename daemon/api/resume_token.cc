// SPDX-License-Identifier: Apache-2.0
#include "api/resume_token.h"

#include <charconv>
#include <string_view>

#include "api/text.h"

namespace offstage::api {
namespace {

constexpr std::string_view kVersion = "w1.";

}  // namespace

std::string resume_token(const std::string& state_id, core::Revision cursor) { return std::string(kVersion) + state_id + "." + std::to_string(cursor); }

Result<std::optional<core::Revision>> parse_resume_token(const std::string& token, const std::string& state_id) {
  const std::size_t dot = token.rfind('.');
  core::Revision cursor = 0;
  if (token.starts_with(kVersion) && dot >= kVersion.size() && dot + 1 < token.size()) {
    const char* end = token.data() + token.size();
    const auto [parsed, error] = std::from_chars(token.data() + dot + 1, end, cursor);
    if (error == std::errc() && parsed == end) {
      const bool ours = token.substr(kVersion.size(), dot - kVersion.size()) == state_id;
      return ours ? std::optional(cursor) : std::optional<core::Revision>();
    }
  }
  return Error{Code::invalid_argument, "BAD_RESUME_TOKEN", in_quotes(token) + " is no resume token", "send one as it came, or none for a snapshot",
               "resume_token"};
}

}  // namespace offstage::api
