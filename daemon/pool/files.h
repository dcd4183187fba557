// SPDX-License-Identifier: Apache-2.0
//
// Small files, read and written whole, in folders where a script may have put anything: regular files only, no symlink followed, no size trusted.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace offstage::pool {

/// All of a regular file of at most `max_bytes`; nullopt: there is none.
std::optional<std::string> read_file(const std::filesystem::path& file, std::size_t max_bytes);
/// The first / last `bytes` of a regular file; empty if there is none.
std::string head_of(const std::filesystem::path& file, std::size_t bytes);
std::string tail_of(const std::filesystem::path& file, std::size_t bytes);
/// The last `lines` lines within the last 16 KiB.
std::string last_lines(const std::filesystem::path& file, std::size_t lines);
/// By way of `<file>.tmp` and a rename; mode 0600.
bool write_file(const std::filesystem::path& file, std::string_view content);
/// The filesystem of `folder` can give back the middle of a file (fallocate(2), FALLOC_FL_PUNCH_HOLE).
bool punches_holes(const std::filesystem::path& folder);

}  // namespace offstage::pool
