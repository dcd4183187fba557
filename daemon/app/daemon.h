// SPDX-License-Identifier: Apache-2.0
//
// The daemon: opens the parts in order, wires them to each other, and runs the core strand until a signal ends it.
//
// Four ends. SIGTERM (SIGHUP) drains: nothing new is started, what runs ends, queued jobs stay in the store. SIGINT, or a second SIGTERM, ends it now: what
// runs is killed; its rows stay open, and the next start finds it dead and says LOST. SIGUSR2 replaces the program in place: busy workers live on and are
// adopted by the new one. A crash leaves the same behind as SIGUSR2 does.
#pragma once

#include "app/options.h"

namespace offstage::app {

enum class Ending { stopped, replace };

/// Serves until a signal says otherwise. Errors: whatever keeps it from serving.
Result<Ending> run_daemon(const Options& options, const Environment& environment, const std::filesystem::path& executable);

}  // namespace offstage::app
