// SPDX-License-Identifier: Apache-2.0
//
// Blender's own crash report: written by its signal handler into its temporary folder as NAME.crash.txt, and kept in the attempt's folder as `crash.txt` when
// that goes.
//
// Thread: any; reads and renames files.
#pragma once

#include <filesystem>
#include <string>

namespace offstage::pool {

/// The first 4 KiB of it, from wherever it is; empty: there is none.
std::string crash_report(const std::filesystem::path& folder);
/// Before `tmp/` is removed.
void keep_crash_report(const std::filesystem::path& folder);

}  // namespace offstage::pool
