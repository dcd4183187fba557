// SPDX-License-Identifier: Apache-2.0
//
// Versions, and the selectors by which people name a Blender: "4.5", ">=4.2,<5".
//
// A bound compares as many parts as it names: "4.5" and "==4.5" are all 4.5.x, "<=4.5" holds for 4.5.15, ">4.5" does not.
//
// Thread: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/catalog.h"

namespace offstage::pool {

struct Bound {
  enum class Op : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal } op = Op::equal;
  Version version;
  int parts = 1;  ///< how many of the version were named
  bool holds(const Version& v) const;
};

/// "4.5.15" or "4.5.15 LTS" → the version; nullopt: it begins with no number.
std::optional<Version> parse_version(std::string_view text);
/// All bounds must hold. nullopt: the text is no version selector (then it is a name or a path).
std::optional<std::vector<Bound>> parse_selector(std::string_view text);
/// True if the selector is a version that holds, a name or a path of this one, whether it works or not. "" is all of them.
bool names(const std::string& selector, const Blender& blender);

}  // namespace offstage::pool
