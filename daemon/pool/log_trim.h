// SPDX-License-Identifier: Apache-2.0
//
// A log that grows without end gives its middle back to the disk, as daemon/worker/logs.py has it: here for workers whose keeper is dead.
//
// Thread: any. Two at a time do no harm: both punch the same hole.
#pragma once

#include <cstdint>
#include <filesystem>

namespace offstage::pool {

/// Leaves about `keep_bytes` of the file on the disk, head and tail, where they are. Where the filesystem has no holes, or there is no file, nothing.
void trim_log(const std::filesystem::path& log, std::int64_t keep_bytes);

}  // namespace offstage::pool
