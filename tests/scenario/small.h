// SPDX-License-Identifier: Apache-2.0
//
// Small histories, and of those all there are: few jobs, few workers, and at each point the choice of who acts next and of what goes wrong.
//
// Disk, daemon, clients and each worker are actors that take turns. A history is the calm course with some deviations from it: another actor goes first (and
// those before it wait until the others are done, so that one deviation is enough for a disk that lags for long), or a fault happens. A plot says who takes
// part, which faults there are, and how many deviations; a Path goes through all its histories.
#pragma once

#include <ostream>
#include <vector>

#include "scenario/world.h"

namespace offstage::scenario {

enum class Fault { kill_daemon, cut_power, worker_dies, script_fails, cancel, retry, remove, repeat_submit, time, fill_disk, look_for_expired, expire };

struct Plot {
  const char* name;
  unsigned jobs = 1;
  std::uint8_t max_attempts = 1;
  bool timeouts = false;      ///< a run timeout, which a script that never ends needs
  std::vector<Fault> faults;  ///< each once in a history; twice, if it is here twice
  unsigned deviations = 2;
};

/// How a test names it.
inline std::ostream& operator<<(std::ostream& out, const Plot& plot) { return out << plot.name; }

const std::vector<Plot>& plots();

/// One history, as far as `path` has not been there: throws Broken.
void live_through(const Plot& plot, Path& path, std::ostream* trace = nullptr);

}  // namespace offstage::scenario
