// SPDX-License-Identifier: Apache-2.0
//
// Starting, stopping and restarting the user's own daemon.
//
// The daemon is found beside this program, then on PATH. It is started detached, in a session of its own, with its output in a log file of the state folder.
// Starts are one at a time (a lock in that folder), so two commands at once start one daemon. It is signalled through a pidfd, after the socket's peer and the
// daemon itself have named the same pid.
//
// Signals: SIGTERM drains (running jobs end first), SIGINT kills running workers and ends, SIGUSR2 re-executes the program in place.
//
// Thread: the main one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <offstage/client.h>

#include "cli/context.h"

namespace offstage::cli {

struct Started {
  Server server;
  bool started = false;  ///< false: it ran already
};

/// Waits, at most 30 s, until it serves. Errors: DAEMON_PROGRAM_MISSING, DAEMON_START_FAILED (with the last lines of its log).
Result<Started> start_daemon(const Context& context);

/// Returns when the process is gone. `now`: running jobs are killed. Errors: no_daemon.
Status stop_daemon(const Context& context, bool now);

/// Returns when the new program serves. Errors: no_daemon, RESTART_FAILED.
Result<Server> restart_daemon(const Context& context);

/// Runs `offstaged ARGUMENTS` to its end; what goes wrong it tells on our stderr. True: it ended well. Errors: DAEMON_PROGRAM_MISSING.
Result<bool> run_daemon_program(const std::vector<std::string>& arguments);

/// Where a started daemon's output goes: $XDG_STATE_HOME/offstage/MACHINE/daemon.log.
std::filesystem::path daemon_log_file();

/// `offstaged` beside this program, else on PATH; empty if there is none.
std::filesystem::path find_daemon_program();

/// The last `count` lines of a text file, from its byte `from` on.
std::string last_lines(const std::filesystem::path& file, std::size_t count, std::uintmax_t from = 0);

}  // namespace offstage::cli
