// SPDX-License-Identifier: Apache-2.0
//
// Page tokens and page sizes (AIP-158). A token is opaque to clients: for jobs, the place in the order of submit to go on below.
//
// Thread: any; pure functions.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

#include "api/limits.h"
#include "api/text.h"
#include "base/result.h"

namespace offstage::api {

/// Of an empty token: everything. Errors: BAD_PAGE_TOKEN.
inline Result<std::int64_t> parse_page_token(const std::string& token) {
  if (token.empty()) return std::numeric_limits<std::int64_t>::max();
  std::int64_t before = 0;
  const char* end = token.data() + token.size();
  if (token.front() == 'p' && token.size() > 1 && std::from_chars(token.data() + 1, end, before).ptr == end && before >= 0) return before;
  return Error{Code::invalid_argument, "BAD_PAGE_TOKEN", in_quotes(token) + " is no page token of this call", "send next_page_token as it came, or none",
               "page_token"};
}

inline std::string page_token(std::int64_t before) { return "p" + std::to_string(before); }

/// Errors: BAD_PAGE_SIZE.
inline Result<std::size_t> page_size(int asked) {
  if (asked == 0) return std::size_t{kDefaultPageSize};
  if (asked > 0) return static_cast<std::size_t>(std::min(asked, kPageSize));  // AIP-158: too large is coerced
  return Error{Code::invalid_argument, "BAD_PAGE_SIZE", "the page size " + std::to_string(asked) + " is negative", "use 1 to 1000, or 0 for 100", "page_size"};
}

}  // namespace offstage::api
