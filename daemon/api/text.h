// SPDX-License-Identifier: Apache-2.0
//
// Text that came from outside: is it UTF-8, may it stand in a line, how is it quoted in a message.
//
// Thread: any; pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace offstage::api {

/// Offset of the first byte that is not UTF-8 (surrogates and overlong forms included).
std::optional<std::size_t> invalid_utf8(std::string_view text);
/// Offset of the first control character: C0, DEL, and C1 as UTF-8 encodes it.
std::optional<std::size_t> control_character(std::string_view text);
/// At most `bytes` bytes, cut between characters, "…" where something is missing. What is no UTF-8 becomes "?".
std::string clip(std::string_view text, std::size_t bytes);
/// For messages: in double quotes, control characters escaped, at most 120 bytes.
std::string in_quotes(std::string_view text);

}  // namespace offstage::api
