// SPDX-License-Identifier: Apache-2.0
#include "pool/verdict.h"

#include <signal.h>
#include <string.h>

#include "pool/files.h"

namespace offstage::pool {
namespace {

using core::Reason;

std::string meaning(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "invalid memory access";
    case SIGABRT:
      return "it aborted itself";
    case SIGBUS:
      return "bad memory access, or a mapped file became shorter";
    case SIGFPE:
      return "arithmetic error";
    case SIGILL:
      return "illegal instruction";
    case SIGKILL:
      return "by none of us: perhaps by the kernel, for want of memory";
    case SIGTERM:
      return "by none of us";
    default:
      return "";
  }
}

std::string crash_report(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder / "tmp", error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().ends_with(".crash.txt")) return head_of(it->path(), 4096);
  }
  return {};
}

}  // namespace

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? std::string() : std::string("SIG") + name;
}

core::Outcome verdict(const Death& death, const std::filesystem::path& folder) {
  core::Outcome out;
  core::Failure& failure = out.failure;
  const bool by_order = death.exit && death.exit->killed_by == "kill";
  const bool by_keeper_deadline = death.exit && death.exit->killed_by == "deadline";
  if (death.exit && death.exit->killed_by == "memory") {
    failure.reason = Reason::out_of_memory;
    failure.message = "the script used more memory than its limit allows, and was ended";
    failure.hint = "raise the limit (--memory), or let the script do less at a time";
  } else if (death.flag == 2 || by_keeper_deadline) {
    failure.reason = Reason::timed_out;
    failure.message = "the script did not end within its time limit, and was ended";
    failure.hint = "raise the limit (--timeout), or look into the log for what it was doing";
    if (by_keeper_deadline) failure.fields.emplace_back("timeout", "run");
  } else if (by_order && !death.killed_by_us && !death.watched && death.flag == 0) {
    failure.reason = Reason::lost;
    failure.message = "the daemon was stopped while the script ran, and ended it (`offstage daemon stop --now`)";
    failure.hint = "submit it again, or `offstage retry` it; without --now the daemon waits for what runs";
  } else if (death.flag == 1 || death.killed_by_us || by_order) {
    out.state = core::AttemptState::cancelled;
    return out;
  } else if (!death.exit) {
    failure.reason = Reason::lost;
    failure.message = death.watched ? "the worker died, and nothing tells how" : "the worker died while no daemon was watching";
    failure.hint = "the log may tell more; submit it again, or allow more attempts (--attempts)";
  } else if (death.exit->signal != 0) {
    const std::string name = signal_name(death.exit->signal), what = meaning(death.exit->signal);
    failure.reason = Reason::crashed;
    failure.message = "the script was killed by signal " + std::to_string(death.exit->signal) + " (" + name + (what.empty() ? "" : ": " + what) + ")";
    failure.hint =
        "the log's last lines and the crash report tell where; run the script in a cold Blender (--isolation process) to see whether it crashes there too";
    failure.fields.emplace_back("signal", name);
  } else {
    failure.reason = Reason::crashed;
    failure.message = "the process ended with exit code " + std::to_string(death.exit->exit_code) + " without an outcome";
    failure.hint = "something in the script or in an add-on ended the process (os._exit, a library's exit()); the log's last lines may tell";
    failure.fields.emplace_back("exit_code", std::to_string(death.exit->exit_code));
  }
  if (const auto report = crash_report(folder); !report.empty()) failure.fields.emplace_back("crash_report", report);
  if (const auto lines = last_lines(folder / "log", 20); !lines.empty()) failure.fields.emplace_back("last_log_lines", lines);
  return out;
}

}  // namespace offstage::pool
