// SPDX-License-Identifier: Apache-2.0
//
// Which release saved a .blend: its first bytes say so, plain or compressed.
//
//     BLENDER-v304        until 4.x: pointer size ('-' 8, '_' 4), byte order ('v' little, 'V' big), version * 100
//     BLENDER17-01v0500   from 5.0: header size, '-', file format, 'v', version * 100 in four digits
//
// Compressed files are gzip (until 2.9x) or zstd (from 3.0) of the same.
//
// Thread: any; reads the file, so not on the core strand.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "api/files.h"
#include "base/result.h"
#include "pool/catalog.h"

namespace offstage::api {

/// Version of an uncompressed header; nothing if it is none.
std::optional<pool::Version> parse_blend_header(std::string_view bytes);

struct BlendFile {
  pool::Version version;  ///< of the Blender that saved it
  FilePin pin;
};

/// Errors: BLEND_NOT_FOUND, BLEND_UNREADABLE (a folder, no permission, not a .blend).
Result<BlendFile> read_blend(const std::filesystem::path& path);

}  // namespace offstage::api
