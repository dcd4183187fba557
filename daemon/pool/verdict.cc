// SPDX-License-Identifier: Apache-2.0
#include "pool/verdict.h"

#include <signal.h>
#include <string.h>

#include <array>

#include "core/effects.h"
#include "pool/crash_report.h"
#include "pool/files.h"

namespace offstage::pool {
namespace {

using core::Failure;
using core::Reason;

/// What a process did to itself; empty: somebody else sent it.
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
    case SIGTRAP:
      return "it stopped at a trap";
    case SIGSYS:
      return "forbidden system call";
    case SIGXFSZ:
      return "a file grew beyond the limit of file sizes";
    case SIGXCPU:
      return "the limit of CPU time is reached";
    default:
      return "";
  }
}

std::string size_text(std::int64_t bytes) {
  constexpr std::int64_t mib = 1 << 20, gib = 1 << 30;
  if (bytes >= gib && bytes % gib == 0) return std::to_string(bytes / gib) + " GiB";
  if (bytes >= mib) return std::to_string(bytes / mib) + " MiB";
  return std::to_string(bytes) + " bytes";
}

/// What C++ and Blender's own allocator say when they get no memory, before they abort.
bool says_no_memory(const std::string& lines) {
  return lines.find("std::bad_alloc") != std::string::npos || lines.find("alloc returns null") != std::string::npos;
}

std::vector<std::pair<std::string, std::string>> limit_of(const Death& death) {
  if (death.memory_limit == 0) return {};
  return {{"memory_limit", size_text(death.memory_limit)}};
}

Failure beyond_its_memory(const Death& death) {
  const std::string limit = death.memory_limit == 0 ? "its limit allows" : "its limit of " + size_text(death.memory_limit);
  return {Reason::out_of_memory,
          "the script used more memory than " + limit + ", and was ended",
          "raise the limit (--memory), or let the script do less at a time",
          limit_of(death),
          {}};
}

Failure killed_for_memory(const Death& death) {
  return {Reason::out_of_memory,
          "the kernel killed the script for want of memory (SIGKILL)",
          "let the script do less at a time, or run fewer jobs at once (the daemon's option `slots`); with --memory it ends before the machine suffers",
          limit_of(death),
          {}};
}

Failure aborted_for_memory(const Death& death, int signal) {
  auto fields = limit_of(death);
  fields.insert(fields.begin(), {"signal", signal_name(signal)});
  return {Reason::out_of_memory,
          "Blender ran out of memory, which is limited, and ended itself (" + signal_name(signal) + ")",
          "raise the limit (--memory), or let the script do less at a time",
          std::move(fields),
          {}};
}

Failure no_room() {
  return {Reason::disk_full,
          "the disk of the state folder had no room for the job's outcome",
          "make room (`offstage status` names the folder), then `offstage retry` the job",
          {},
          {}};
}

Failure stopped_with_the_daemon() {
  return {Reason::lost,
          "the daemon was stopped while the script ran, and ended it (`offstage daemon stop --now`)",
          "submit it again, or `offstage retry` it; without --now the daemon waits for what runs",
          {},
          {}};
}

Failure lost(const Death& death) {
  return {Reason::lost,
          death.watched ? "the worker died, and nothing tells how" : "the worker died while no daemon was watching",
          "the log may tell more; `offstage retry` it, or allow more attempts (--attempts with --retry-on LOST)",
          {},
          {}};
}

Failure crashed_by(int signal) {
  const std::string name = signal_name(signal), what = meaning(signal), number = std::to_string(signal);
  const std::string label = name.empty() ? "" : " (" + name + (what.empty() ? "" : ": " + what) + ")";
  if (what.empty()) {
    return {Reason::crashed,
            "the script was killed by signal " + number + label + " that none of us sent",
            "somebody else ended the process: a person, a batch system, a service manager; `offstage retry` runs it again",
            {{"signal", name}},
            {}};
  }
  return {Reason::crashed,
          "the script was killed by signal " + number + label,
          "the log's last lines and the crash report tell where; run the script in a cold Blender (--isolation process) to see whether it crashes there too",
          {{"signal", name}},
          {}};
}

Failure ended_without_outcome(int exit_code) {
  return {Reason::crashed,
          "the process ended with exit code " + std::to_string(exit_code) + " without an outcome",
          "something in the script or in an add-on ended the process (os._exit, a library's exit()); the log's last lines may tell",
          {{"exit_code", std::to_string(exit_code)}},
          {}};
}

/// nullopt: it was cancelled.
std::optional<Failure> judge(const Death& death, const std::string& lines) {
  const std::string by = death.exit ? death.exit->killed_by : "";
  if (death.sentence) return death.sentence;
  if (by == "memory") return beyond_its_memory(death);
  if (by == "deadline") return timed_out(core::flag_timed_out_run);
  if (death.flag > core::flag_cancelled) return timed_out(death.flag);
  if (by == "kill" && !death.killed_by_us && !death.watched && death.flag == 0) return stopped_with_the_daemon();
  if (death.flag == core::flag_cancelled || death.killed_by_us || by == "kill") return std::nullopt;
  if (death.no_room) return no_room();
  if (!death.exit) return lost(death);
  if (by == "oom") return killed_for_memory(death);
  if (death.exit->signal == 0) return ended_without_outcome(death.exit->exit_code);
  if (death.memory_limit > 0 && says_no_memory(lines)) return aborted_for_memory(death, death.exit->signal);
  return crashed_by(death.exit->signal);
}

}  // namespace

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? std::string() : std::string("SIG") + name;
}

core::Failure timed_out(int flag) {
  static constexpr std::array<const char*, 3> names{"run", "progress", "start"};
  static constexpr std::array<const char*, 3> options{"--timeout", "--progress-timeout", "--start-timeout"};
  const auto which = static_cast<std::size_t>(flag - core::flag_timed_out_run) % names.size();
  return {Reason::timed_out,
          "the script did not end within its " + std::string(names[which]) + " timeout, and was ended",
          "raise the limit (" + std::string(options[which]) + "), or look into the log for what it was doing",
          {{"timeout", names[which]}},
          {}};
}

void obeyed(core::Outcome& outcome, int flag, const std::filesystem::path& folder) {
  if (outcome.state != core::AttemptState::cancelled || flag <= core::flag_cancelled) return;
  Death death;
  death.flag = flag;
  outcome.failure = verdict(death, folder).failure;
  outcome.state = core::AttemptState::failed;
}

core::Outcome verdict(const Death& death, const std::filesystem::path& folder) {
  core::Outcome out;
  const std::string lines = last_lines(folder / "log", 20);
  auto failure = judge(death, lines);
  if (!failure) {
    out.state = core::AttemptState::cancelled;
    return out;
  }
  out.failure = std::move(*failure);
  if (const auto report = crash_report(folder); !report.empty()) out.failure.fields.emplace_back("crash_report", report);
  if (!lines.empty()) out.failure.fields.emplace_back("last_log_lines", lines);
  return out;
}

}  // namespace offstage::pool
