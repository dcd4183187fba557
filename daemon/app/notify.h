// SPDX-License-Identifier: Apache-2.0
//
// Tells systemd how the daemon is (sd_notify): a line of text to the datagram socket $NOTIFY_SOCKET. Without one, nothing happens.
//
// Thread: any.
#pragma once

#include <optional>
#include <string_view>

#include "app/options.h"

namespace offstage::app {

void notify(const Environment& environment, std::string_view state);  ///< "READY=1", "STOPPING=1", "WATCHDOG=1"

/// How often to say "WATCHDOG=1": half of what systemd waits for, if it does.
std::optional<Micros> watchdog_interval(const Environment& environment);

}  // namespace offstage::app
