// SPDX-License-Identifier: Apache-2.0
#include <fnmatch.h>

#include <algorithm>

#include <offstage/fetch.h>

namespace offstage::inline client {
namespace {

bool is_internal(const std::string& name) { return name.starts_with(".values/") || name.starts_with(".blocks/"); }

/// From the top, a folder standing for all that is in it; or, a pattern without "/", the last part alone.
bool matches_one(const std::string& name, std::string pattern) {
  if (pattern.size() > 1 && pattern.ends_with('/')) pattern.pop_back();
  if (::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME | FNM_LEADING_DIR) == 0) return !is_internal(name) || pattern.starts_with('.');
  if (pattern.find('/') != std::string::npos) return false;
  return !is_internal(name) && ::fnmatch(pattern.c_str(), name.substr(name.rfind('/') + 1).c_str(), 0) == 0;
}

}  // namespace

bool matches(const std::string& name, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return !is_internal(name);
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches_one(name, pattern); });
}

}  // namespace offstage::inline client
