// SPDX-License-Identifier: Apache-2.0
//
// What became of an attempt that left no outcome: read off how its process died.
//
// Thread: pure, but for reading the crash report and the log.
#pragma once

#include <filesystem>
#include <optional>

#include "core/model.h"

namespace offstage::pool {

struct Death {
  std::optional<core::Exit> exit;  ///< none: nobody saw it die
  int flag = 0;                    ///< that had been raised: 1 = cancelled, 2 = timed out
  bool killed_by_us = false;       ///< terminate() or kill() was called
  bool watched = true;             ///< a daemon was there when it died
};

core::Outcome verdict(const Death& death, const std::filesystem::path& folder);
/// "SIGSEGV"; empty: no such signal.
std::string signal_name(int signal);

}  // namespace offstage::pool
