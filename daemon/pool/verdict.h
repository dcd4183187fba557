// SPDX-License-Identifier: Apache-2.0
//
// What became of an attempt that left no outcome: read off how its process died. The table of all reasons is in docs/guides/failures.md.
//
// Thread: pure, but for reading the crash report and the log.
#pragma once

#include <filesystem>
#include <optional>

#include "core/model.h"

namespace offstage::pool {

struct Death {
  std::optional<core::Exit> exit;              ///< none: nobody saw it die
  int flag = 0;                                ///< that had been raised: 1 = cancelled, from 2 on = timed out (WIRE.md)
  std::optional<core::Failure> sentence = {};  ///< why the daemon killed it for breaking a limit
  bool killed_by_us = false;                   ///< terminate() or kill() was called
  bool watched = true;                         ///< a daemon was there when it died
  bool no_room = false;                        ///< its page says that the disk had no room for the outcome
  std::int64_t memory_limit = 0;               ///< of the job, in bytes; 0: none, or not known
};

core::Outcome verdict(const Death& death, const std::filesystem::path& folder);
/// An attempt that was cut short, and whose flag had been raised for a timeout, has timed out.
void obeyed(core::Outcome& outcome, int flag, const std::filesystem::path& folder);
core::Failure timed_out(int flag);
/// "SIGSEGV"; empty: no such signal.
std::string signal_name(int signal);

}  // namespace offstage::pool
