// SPDX-License-Identifier: Apache-2.0
//
// What a folder takes on its disk: blocks, so that the holes of a log count nothing.
//
// Thread: any; may take long, so never the core strand. A folder that changes meanwhile gives a number between before and after; no symlink is followed, and
// what cannot be read counts nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace offstage::pool {

/// In bytes. `except`: an entry directly below it that is passed over.
std::int64_t disk_use(const std::filesystem::path& folder, std::string_view except = {});

}  // namespace offstage::pool
