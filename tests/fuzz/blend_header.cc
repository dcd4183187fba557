// SPDX-License-Identifier: Apache-2.0
//
// The first bytes of a .blend, plain, gzip or zstd.
#include "api/blend_header.h"

#include "errors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offstage;
  using fuzz::require;
  const fuzz::File input(fuzz::text(data, size));
  const auto file = api::read_blend(input.path());
  if (!file) {
    fuzz::require_travels(file.error());
    return 0;
  }
  const pool::Version& version = file->version;
  require(version.major >= 0 && version.major < 100 && version.minor >= 0 && version.minor < 100, "a version has two digits a part");
  require(file->pin.size == static_cast<std::int64_t>(size), "a file is pinned by its size");
  if (const auto plain = api::parse_blend_header(fuzz::text(data, size))) require(*plain == version, "a plain header is read as it stands");
  return 0;
}
