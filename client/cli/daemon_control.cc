// SPDX-License-Identifier: Apache-2.0
#include "cli/daemon_control.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
extern "C" {  // glibc 2.36 forgets to say so
#include <sys/pidfd.h>
}

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "cli/report.h"

namespace offstage::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds patience = 30s, look_again = 10ms;
constexpr std::uintmax_t log_is_long = 10U << 20U;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  const int fd_;
};

Error start_failed(std::string message, const fs::path& log, std::uintmax_t from) {
  Error error{.code = Code::failed_precondition,
              .reason = "DAEMON_START_FAILED",
              .message = std::move(message),
              .hint = "`offstaged --check-config` tells what it would use; `offstage doctor` looks further",
              .fields = {{"log", log.string()}}};
  if (const std::string lines = last_lines(log, 10, from); !lines.empty()) error.fields.emplace_back("says", lines);
  return error;
}

Error program_missing() {
  return {.code = Code::failed_precondition,
          .reason = "DAEMON_PROGRAM_MISSING",
          .message = "offstaged was not found beside offstage, and not on PATH",
          .hint = "install both into the same folder"};
}

Result<fs::path> make_log_folder() {
  const fs::path log = daemon_log_file();
  std::error_code error;
  const mode_t mask = ::umask(077);
  fs::create_directories(log.parent_path(), error);
  ::umask(mask);
  if (error)
    return Error{.code = Code::failed_precondition,
                 .reason = "STATE_FOLDER_UNUSABLE",
                 .message = "the state folder cannot be made: " + error.message(),
                 .hint = "make it, or set XDG_STATE_HOME to a folder that you can write",
                 .fields = {{"folder", log.parent_path().string()}}};
  if (fs::exists(log, error) && fs::file_size(log, error) > log_is_long) fs::rename(log, log.string() + ".1", error);
  return log;
}

/// Runs `program` in a session of its own, with nothing of ours but its output file.
Result<pid_t> spawn_detached(const fs::path& program, const fs::path& log) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  ::posix_spawn_file_actions_addchdir_np(&files, "/");
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = program.string();
  std::array<char*, 2> argv{name.data(), nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, program.c_str(), &files, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return start_failed(std::string("the daemon could not be started: ") + std::strerror(error), log, 0);
  return pid;
}

std::string ending(int status) {
  return WIFSIGNALED(status) ? std::string("was ended by the signal ") + ::strsignal(WTERMSIG(status))
                             : "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

Result<Started> already_serves(const Context& context) {
  auto client = context.connect();
  if (!client) return client.error();
  auto server = client->server();
  if (!server) return server.error();
  return Started{.server = *server};
}

Result<Started> wait_until_it_serves(const Context& context, pid_t child, const fs::path& log, std::uintmax_t from) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto serves = already_serves(context);
    if (serves) {
      serves->started = true;
      return serves;
    }
    const Code code = serves.error().code;
    if (code != Code::no_daemon && code != Code::unavailable && code != Code::deadline_exceeded) return serves.error();
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) return start_failed("the daemon " + ending(status) + " before it served", log, from);
    if (std::chrono::steady_clock::now() > deadline) return start_failed("the daemon did not serve within 30 s (pid " + std::to_string(child) + ")", log, from);
    std::this_thread::sleep_for(look_again);
  }
}

struct Daemon {
  Server server;
  int pidfd;  // the caller's
};

/// The running daemon, held by a pidfd, so that no signal can meet another process that got its number. No connection is kept: its end would wait for it.
Result<Daemon> hold_daemon(const Context& context) {
  auto client = context.connect();
  if (!client) return client.error();
  auto server = client->server();
  if (!server) return server.error();
  const int pidfd = ::pidfd_open(server->pid, 0);
  auto again = client->server();  // it still answers as the same process: the pidfd is its
  if (context.socket_path().empty() || pidfd < 0 || !again || again->instance != server->instance)
    return Error{.code = Code::failed_precondition,
                 .reason = "NOT_THIS_MACHINE",
                 .message = "the daemon's process cannot be reached from here",
                 .hint = "run the command on the daemon's machine",
                 .fields = {{"pid", std::to_string(server->pid)}}};
  return Daemon{.server = *server, .pidfd = pidfd};
}

}  // namespace

Result<bool> run_daemon_program(const std::vector<std::string>& arguments) {
  const fs::path program = find_daemon_program();
  if (program.empty()) return program_missing();
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, program.c_str(), &files, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0) return start_failed(std::string("offstaged could not be started: ") + std::strerror(error), program, 0);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Result<Started> start_daemon(const Context& context) {
  if (auto running = already_serves(context); running || running.error().code != Code::no_daemon) return running;
  if (!context.address.empty())
    return Error{.code = Code::invalid_argument,
                 .message = "--address names a daemon that is started elsewhere",
                 .hint = "`offstage daemon start` starts your own: leave --address away"};
  const fs::path program = find_daemon_program();
  if (program.empty()) return program_missing();
  auto log = make_log_folder();
  if (!log) return log.error();
  const Fd lock(::open((log->string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ::flock(lock.get(), LOCK_EX);
  if (auto running = already_serves(context); running || running.error().code != Code::no_daemon) return running;  // somebody was faster
  std::error_code none;
  const std::uintmax_t from = fs::exists(*log, none) ? fs::file_size(*log, none) : 0;
  auto child = spawn_detached(program, *log);
  if (!child) return child.error();
  return wait_until_it_serves(context, *child, *log, from);
}

Status stop_daemon(const Context& context, bool now) {
  auto daemon = hold_daemon(context);
  if (!daemon) return daemon.error();
  const Fd pidfd(daemon->pidfd);
  if (::pidfd_send_signal(pidfd.get(), now ? SIGINT : SIGTERM, nullptr, 0) != 0 && errno != ESRCH)
    return Error{.code = Code::permission_denied, .message = std::string("the daemon cannot be signalled: ") + std::strerror(errno), .hint = "is it yours?"};
  pollfd gone{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  if (const auto running = daemon->server.job_counts.find("running");
      !now && running != daemon->server.job_counts.end() && running->second > 0 && ::poll(&gone, 1, 500) == 0)
    note("waiting for " + std::to_string(running->second) + " running jobs; `offstage daemon stop --now` kills them");
  while (::poll(&gone, 1, -1) < 0 && errno == EINTR) {
  }
  return Done{};
}

Result<Server> restart_daemon(const Context& context) {
  auto daemon = hold_daemon(context);
  if (!daemon) return daemon.error();
  const Fd pidfd(daemon->pidfd);
  std::error_code none;
  const fs::path log = !daemon->server.log_file.empty() ? fs::path(daemon->server.log_file) : daemon_log_file();
  const std::uintmax_t from = fs::exists(log, none) ? fs::file_size(log, none) : 0;
  const auto failed = [&](const char* message) {
    Error error = start_failed(message, log, from);
    error.reason = "RESTART_FAILED";
    return error;
  };
  if (::pidfd_send_signal(pidfd.get(), SIGUSR2, nullptr, 0) != 0) return failed("the daemon ended before it could be restarted");
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (auto serves = already_serves(context); serves && serves->server.instance != daemon->server.instance) return serves->server;
    pollfd gone{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
    if (::poll(&gone, 1, static_cast<int>(std::chrono::milliseconds(look_again).count())) > 0) return failed("the daemon ended instead of restarting");
  }
  return failed("the daemon did not come back within 30 s");
}

}  // namespace offstage::cli
