// SPDX-License-Identifier: Apache-2.0
//
// Is the machine's memory short? Looked at when the core strand is awake anyway, at most once a second: an idle daemon has no reason to know.
//
// Thread: the core strand.
#pragma once

#include <filesystem>
#include <optional>

#include "base/time.h"

namespace offstage::app {

class MemoryWatch {
 public:
  explicit MemoryWatch(std::filesystem::path meminfo = "/proc/meminfo") : meminfo_(std::move(meminfo)) {}
  /// The news, if there is any: short below a tenth of the memory, not short any more above a seventh.
  std::optional<bool> look(Mono now);

 private:
  std::filesystem::path meminfo_;
  Mono looked_{};
  bool short_ = false;
};

/// The machine's, in bytes; 0: unknown.
std::int64_t all_memory(const std::filesystem::path& meminfo = "/proc/meminfo");

}  // namespace offstage::app
