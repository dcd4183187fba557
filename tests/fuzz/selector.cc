// SPDX-License-Identifier: Apache-2.0
//
// Blender selectors: ">=4.2,<5", a name, a path.
#include <algorithm>

#include "errors.h"
#include "pool/selector.h"

namespace {

using namespace offstage;
using fuzz::require;

pool::Blender blender(const char* version, const char* path, const char* error = "") {
  pool::Blender out;
  out.version = *pool::parse_version(version);
  out.name = std::string(version) + "-blender";
  out.path = path;
  out.error = error;
  return out;
}

const pool::CatalogSnapshot catalog{true,
                                    {blender("4.5.15", "/b/4.5/blender"), blender("3.4.1", "/usr/bin/blender"), blender("5.0.0", "/b/5", "it is broken")}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string selector(fuzz::text(data, size));
  if (const auto version = pool::parse_version(selector)) require(pool::parse_version(version->text()) == version, "a version is read as it is written");
  const auto bounds = pool::parse_selector(selector);
  const auto chosen = pool::select(catalog, selector);
  if (!chosen) {
    fuzz::require_good(chosen.error());
    return 0;
  }
  require(chosen->error.empty(), "what is broken is not chosen");
  const auto holds = [&](const pool::Bound& bound) { return bound.holds(chosen->version); };
  const bool named = selector.empty() || selector == chosen->name || selector == chosen->path;
  require(named || (bounds && std::all_of(bounds->begin(), bounds->end(), holds)), "what is chosen was asked for");
  return 0;
}
