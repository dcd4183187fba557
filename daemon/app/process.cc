// SPDX-License-Identifier: Apache-2.0
#include "app/process.h"

#include <linux/close_range.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace offstage::app {
namespace {

/// Whoever started us may have blocked what is to stop us.
void unblock_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

void prepare_process() {
  ::mallopt(M_ARENA_MAX, 2);  // an arena a thread costs memory that an idle daemon must not take
  ::umask(077);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file size limit is a failed write, which is handled
  ::signal(SIGUSR2, SIG_IGN);  // until somebody listens: a start in place that is asked for while one goes on must not end us
  unblock_signals();
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

std::filesystem::path own_executable() { return std::filesystem::read_symlink("/proc/self/exe"); }

Error replace_program(const std::filesystem::path& executable, char* const* argv) {
  ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  ::signal(SIGUSR2, SIG_IGN);  // the new program has it from its first line on
  ::execv(executable.c_str(), argv);
  return {.code = Code::internal,
          .reason = "REEXEC_FAILED",
          .message = std::string("the daemon cannot start its program again: ") + std::strerror(errno),
          .hint = "start it with `offstage daemon start`; busy workers were left alive",
          .fields = {{"program", executable.string()}}};
}

std::string describe(const Error& error) {
  std::string out = "error: " + error.message;
  for (const auto& [name, value] : error.fields) {
    out.append("\n      ").append(name).append(name.size() < 8 ? 8 - name.size() : 1, ' ').append(value);
  }
  if (!error.hint.empty()) out += "\n      hint    " + error.hint;
  return out + "\n";
}

}  // namespace offstage::app
