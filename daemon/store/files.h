// SPDX-License-Identifier: Apache-2.0
//
// What makes a file last.
//
// Thread: any.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "base/result.h"

namespace offstage::store {

Error file_error(const std::filesystem::path& file, const std::string& why);

Status sync_file(const std::filesystem::path& file);
Status sync_folder(const std::filesystem::path& folder);  ///< of names that were made, moved or removed in it
/// Files and folders, several at a time: the disk is kept busy, and a filesystem with a journal commits once for many.
Status sync_all(std::span<const std::filesystem::path> paths);

}  // namespace offstage::store
