// SPDX-License-Identifier: Apache-2.0
#include "pool/procs.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <map>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace offstage::pool {
namespace {

/// /proc files tell no size: read until the end.
std::string slurp(const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::string out;
  if (!fd) return out;
  char buffer[8192];
  for (ssize_t n; (n = ::read(fd.get(), buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<std::size_t>(n));
  return out;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> out;
  if (DIR* proc = ::opendir("/proc")) {
    while (const dirent* entry = ::readdir(proc)) {
      const std::string_view name = entry->d_name;
      pid_t pid = 0;
      if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr == name.data() + name.size() && pid > 0) out.push_back(pid);
    }
    ::closedir(proc);
  }
  return out;
}

bool carries(pid_t pid, const std::string& mark) {
  const std::string environment = slurp("/proc/" + std::to_string(pid) + "/environ");
  for (std::size_t at = environment.find(mark); at != std::string::npos; at = environment.find(mark, at + 1)) {
    const std::size_t end = at + mark.size();
    if ((at == 0 || environment[at - 1] == '\0') && (end == environment.size() || environment[end] == '\0')) return true;
  }
  return false;
}

std::string mark_of(const std::string& state_id) { return "OFFSTAGE_STATE_ID=" + state_id; }

}  // namespace

std::optional<ProcessStat> stat_of(pid_t pid) {
  const std::string text = slurp("/proc/" + std::to_string(pid) + "/stat");
  std::size_t at = text.rfind(')');  // the name may hold anything, parentheses too
  if (at == std::string::npos) return std::nullopt;
  ProcessStat out;
  for (int field = 3; field <= 22; ++field) {
    at = text.find(' ', at);
    if (at == std::string::npos) return std::nullopt;
    ++at;
    if (field == 3) out.state = text[at];
    if (field == 4) std::from_chars(text.data() + at, text.data() + text.size(), out.parent);
    if (field == 22) std::from_chars(text.data() + at, text.data() + text.size(), out.start_ticks);
  }
  return out;
}

UniqueFd open_process(pid_t pid) { return UniqueFd(pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1); }

UniqueFd open_process(core::ProcessId process) {
  UniqueFd fd = open_process(process.pid);
  if (!fd) return fd;
  const auto stat = stat_of(process.pid);  // after the pidfd: what we hold is what we look at
  if (!stat || stat->start_ticks != process.start_ticks || stat->state == 'Z' || stat->state == 'X') return {};
  return fd;
}

bool send_signal(const UniqueFd& pidfd, int signal) { return pidfd && ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0; }

bool has_ended(const UniqueFd& pidfd) {
  pollfd p{pidfd.get(), POLLIN, 0};
  return ::poll(&p, 1, 0) > 0;
}

std::optional<core::Exit> reap(const UniqueFd& pidfd) {
  siginfo_t info{};
  rusage usage{};
  if (!pidfd || ::syscall(SYS_waitid, P_PIDFD, pidfd.get(), &info, WEXITED | WNOHANG, &usage) != 0 || info.si_pid == 0) return std::nullopt;
  core::Exit out;
  (info.si_code == CLD_EXITED ? out.exit_code : out.signal) = info.si_status;
  const auto micros = [](const timeval& t) { return Micros(t.tv_sec * 1'000'000 + t.tv_usec); };
  out.user_cpu = micros(usage.ru_utime);
  out.system_cpu = micros(usage.ru_stime);
  out.max_rss_bytes = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  return out;
}

std::vector<pid_t> children_of_ours() {
  std::vector<pid_t> out;
  DIR* tasks = ::opendir("/proc/self/task");
  if (tasks == nullptr) return out;
  while (const dirent* entry = ::readdir(tasks)) {
    if (entry->d_name[0] == '.') continue;
    const std::string text = slurp(std::string("/proc/self/task/") + entry->d_name + "/children");
    const char* p = text.data();
    const char* end = p + text.size();
    while (p < end) {
      pid_t pid = 0;
      const auto parsed = std::from_chars(p, end, pid);
      if (pid > 0) out.push_back(pid);
      p = parsed.ptr + 1;
    }
  }
  ::closedir(tasks);
  return out;
}

unsigned kill_marked(const std::string& state_id, const std::vector<pid_t>& keep, std::chrono::milliseconds wait) {
  const std::string mark = mark_of(state_id);
  const auto until = std::chrono::steady_clock::now() + wait;
  unsigned killed = 0;
  for (int round = 0; round < 100; ++round) {  // again until a look finds none: a victim may have forked meanwhile
    std::map<pid_t, pid_t> parents;
    for (const pid_t pid : all_processes()) {
      if (const auto stat = stat_of(pid); stat && stat->state != 'Z') parents[pid] = stat->parent;
    }
    const auto kept = [&](pid_t pid) {
      for (int depth = 0; pid > 1 && depth < 1000; ++depth) {
        if (std::find(keep.begin(), keep.end(), pid) != keep.end()) return true;
        const auto parent = parents.find(pid);
        if (parent == parents.end()) return false;
        pid = parent->second;
      }
      return false;
    };
    std::vector<UniqueFd> victims;
    for (const auto& [pid, parent] : parents) {
      if (pid == ::getpid() || kept(pid) || !carries(pid, mark)) continue;
      UniqueFd fd = open_process(pid);
      if (fd && carries(pid, mark) && send_signal(fd, SIGKILL)) victims.push_back(std::move(fd));
    }
    if (victims.empty()) break;
    killed += static_cast<unsigned>(victims.size());
    for (const UniqueFd& victim : victims) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
      pollfd p{victim.get(), POLLIN, 0};
      ::poll(&p, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
      reap(victim);  // after a re-exec it may be our own child
    }
    if (std::chrono::steady_clock::now() > until) break;
  }
  return killed;
}

pid_t marked_ancestor(pid_t pid, const std::string& state_id) {
  const std::string mark = mark_of(state_id);
  pid_t found = 0;
  for (auto stat = stat_of(pid); stat && stat->parent > 1 && stat->parent != ::getpid() && carries(stat->parent, mark); stat = stat_of(found)) {
    found = stat->parent;
  }
  return found;
}

}  // namespace offstage::pool
