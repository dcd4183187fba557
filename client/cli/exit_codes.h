// SPDX-License-Identifier: Apache-2.0
//
// What the command's exit code says. Fixed: scripts rely on it. docs/reference/exit-codes.md tells users.
#pragma once

#include <offstage/error.h>
#include <offstage/job.h>

namespace offstage::cli {

enum Exit : int {
  succeeded = 0,
  failed = 1,  ///< the job failed, or the command did
  usage = 2,   ///< a wrong command line, or refused at submit
  no_daemon = 3,
  no_such_job = 4,  ///< malformed and ambiguous ids, too
  timed_out = 124,
  cancelled = 130,
};

/// Of an ended job.
inline int exit_code(const Job& job) {
  if (job.state == State::succeeded) return succeeded;
  if (job.state == State::cancelled) return cancelled;
  return job.reason == Reason::timed_out ? timed_out : failed;
}

/// Of a call that gave no answer.
inline int exit_code(const Error& error) {
  switch (error.code) {
    case Code::no_daemon:
    case Code::unsafe_socket:
    case Code::unavailable:
    case Code::deadline_exceeded:
      return no_daemon;
    case Code::not_found:
      return no_such_job;
    case Code::invalid_argument:
      return usage;
    case Code::cancelled:
      return cancelled;
    default:
      return failed;
  }
}

}  // namespace offstage::cli
