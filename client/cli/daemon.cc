// SPDX-License-Identifier: Apache-2.0
//
// offstage daemon start|stop [--now]|restart|logs [-f] [-n N]|backup FILE
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "cli/commands.h"
#include "cli/daemon_control.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/report.h"
#include "cli/terminal.h"

namespace offstage::cli {
namespace {

namespace fs = std::filesystem;

int tell(const Context& context, const Server& server, const std::string& what) {
  if (context.json) {
    out().write(JsonObject().number("pid", std::int64_t{server.pid}).text("version", server.version).text() + "\n");
  } else {
    note(what + " (pid " + std::to_string(server.pid) + ")");
  }
  return succeeded;
}

int start(const Context& context) {
  auto started = start_daemon(context);
  if (!started) return report(started.error());
  return tell(context, started->server, started->started ? "started the daemon" : "the daemon is running already");
}

int stop(const Context& context, bool now) {
  const Status stopped = stop_daemon(context, now);
  if (!stopped) return report(stopped.error());
  note("the daemon is stopped");
  return succeeded;
}

int restart(const Context& context) {
  auto server = restart_daemon(context);
  if (!server) return report(server.error());
  return tell(context, *server, "restarted the daemon");
}

/// Where the daemon that runs writes its log; without one, where a started one does.
fs::path log_file(const Context& context) {
  if (auto client = context.connect())
    if (auto server = client->server(); server && !server->log_file.empty()) return server->log_file;
  return daemon_log_file();
}

int logs(const Context& context, bool follow, const std::string& lines) {
  const auto count = parse_number("-n", lines, 0, 1'000'000);
  if (!count) return report(count.error());
  const fs::path file = log_file(context);
  std::error_code error;
  std::uintmax_t at = fs::file_size(file, error);
  if (error)
    return report({.code = Code::failed_precondition,
                   .reason = "NO_LOG",
                   .message = "there is no log of a daemon that was started by this command",
                   .hint = "a daemon of the service manager logs to the journal: journalctl --user -u offstaged",
                   .fields = {{"file", file.string()}}});
  const bool escape = Terminal::of(STDOUT_FILENO).is_terminal;
  const auto print = [&](const std::string& text) { return out().write(escape ? harmless(text) : text); };
  print(last_lines(file, static_cast<std::size_t>(*count)));
  while (follow && !out().gone()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const std::uintmax_t size = fs::file_size(file, error);
    if (error || size == at) continue;
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(size < at ? 0 : at));  // a new file after a rotation
    std::ostringstream text;
    text << in.rdbuf();
    at = (size < at ? 0 : at) + text.str().size();
    if (!print(text.str())) break;
  }
  return succeeded;
}

/// The daemon's program does it, beside the daemon that runs or without one.
int backup(const Context& context, const std::string& file) {
  if (!context.address.empty())
    return report({.code = Code::invalid_argument,
                   .message = "--address names a daemon whose disk is elsewhere",
                   .hint = "run `offstage daemon backup` on the daemon's machine"});
  const std::string target = fs::absolute(file).string();
  std::vector<std::string> arguments{"--backup=" + target};
  if (auto client = context.connect())
    if (auto server = client->server()) arguments.push_back("--state-dir=" + server->state_dir);
  auto done = run_daemon_program(arguments);
  if (!done) return report(done.error());
  if (!*done) return failed;
  if (context.json) {
    out().write(JsonObject().text("file", target).text() + "\n");
  } else {
    note("the backup is " + target);
  }
  return succeeded;
}

}  // namespace

void add_daemon(Command root, Context& context) {
  Command daemon = root.command("daemon", "Start, stop and restart your daemon");
  daemon.command("start", "Start it; returns when it serves").runs([&context] { return start(context); });
  auto now = std::make_shared<bool>(false);
  Command stop_command = daemon.command("stop", "Stop it when the running jobs have ended; returns when it is gone");
  stop_command.flag("--now", *now, "Kill the running jobs");
  stop_command.runs([&context, now] { return stop(context, *now); });
  daemon.command("restart", "Run its program anew in place; jobs go on").runs([&context] { return restart(context); });
  auto file = std::make_shared<std::string>();
  Command backup_command = daemon.command("backup", "Copy its queue and results to a file, while it serves");
  backup_command.argument("FILE", *file, "Must not exist yet");
  backup_command.runs([&context, file] { return backup(context, *file); });
  auto follow = std::make_shared<bool>(false);
  auto lines = std::make_shared<std::string>("100");
  Command logs_command = daemon.command("logs", "Print the end of its log");
  logs_command.flag("-f,--follow", *follow, "Go on").value("-n,--lines", *lines, "N", "So many lines (100)");
  logs_command.runs([&context, follow, lines] { return logs(context, *follow, *lines); });
}

}  // namespace offstage::cli
