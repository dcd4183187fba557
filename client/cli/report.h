// SPDX-License-Identifier: Apache-2.0
//
// Errors and jobs' ends, told on stderr:
//
//     error: what happened, in one line that stands alone
//       file    /data/shots/010.blend
//       hint    what to do
#pragma once

#include <string>
#include <string_view>

#include <offstage/error.h>
#include <offstage/job.h>

namespace offstage::cli {

/// Tells the error and gives its exit code.
int report(const Error& error);
/// The same for a refused submit: whatever the reason, exit 2, unless there is no daemon.
int report_refused(const Error& error);
/// How a job ended, on stderr: nothing for a success; else the error, for an exception its traceback, unless `shown_log` (what the user has seen of the log)
/// has it. Gives the job's exit code.
int report_end(const Job& job, std::string_view shown_log = {});
/// What Python prints, also for a syntax error, of which the daemon may have sent its parts only.
std::string traceback_of(const ScriptError& error);
/// A remark: "offstage: …".
void note(const std::string& text);

}  // namespace offstage::cli
