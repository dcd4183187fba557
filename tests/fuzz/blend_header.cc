// SPDX-License-Identifier: Apache-2.0
//
// The first bytes of a .blend, plain, gzip or zstd.
#include "api/blend_header.h"

#include "errors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using offstage::fuzz::require;
  const offstage::fuzz::File file(offstage::fuzz::text(data, size));
  const auto version = offstage::api::read_blend(file.path());
  if (!file) {
    offstage::fuzz::require_travels(file.error());
    return 0;
  }
  const offstage::pool::Version version = file->version;
  require(version.major >= 0 && version.major < 100 && version.minor >= 0 && version.minor < 100, "a version has two digits a part");
  if (const auto plain = offstage::api::parse_blend_header(offstage::fuzz::text(data, size))) require(*plain == version, "a plain header is read as it stands");
  return 0;
}
