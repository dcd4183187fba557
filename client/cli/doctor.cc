// SPDX-License-Identifier: Apache-2.0
//
// offstage doctor [--json]
//
// Looks for what keeps Offstage from working, one line a check, with what to do. Ends with 1 if something fails.
#include <unistd.h>

#include <filesystem>

#include <offstage/version.h>

#include "cli/commands.h"
#include "cli/daemon_control.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/words.h"

namespace offstage::cli {
namespace {

namespace fs = std::filesystem;
constexpr std::uintmax_t little_space = 1U << 30U;

enum class Verdict { ok, warn, fail };

struct Check {
  Verdict verdict;
  std::string what, hint;
};

std::string_view name_of(Verdict verdict) { return verdict == Verdict::ok ? "ok" : verdict == Verdict::warn ? "warn" : "fail"; }

Check check_program() {
  const fs::path program = find_daemon_program();
  if (program.empty()) return {Verdict::fail, "offstaged was not found beside offstage, and not on PATH", "install both into the same folder"};
  return {Verdict::ok, "the daemon's program is " + program.string(), ""};
}

void check_space(const std::string& folder, std::vector<Check>& out) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error) {
    out.push_back({Verdict::warn, "the state folder " + folder + " cannot be looked at: " + error.message(), "is it on another machine?"});
  } else {
    const bool little = space.available < little_space;
    out.push_back({little ? Verdict::warn : Verdict::ok, bytes_text(static_cast<std::int64_t>(space.available)) + " free in " + folder,
                   little ? "make room: with too little, new jobs are refused; `offstage delete` forgets old ones" : ""});
  }
}

void check_blenders(const Client& client, std::vector<Check>& out) {
  auto blenders = client.blenders();
  if (!blenders) {
    out.push_back({Verdict::fail, "the Blenders cannot be listed: " + blenders.error().message, blenders.error().hint});
    return;
  }
  bool usable = false;
  for (const Blender& blender : *blenders) {
    const std::string who = "Blender " + blender.version + " (" + blender.path + ") ";
    usable = usable || blender.error.empty();
    if (!blender.error.empty()) {
      out.push_back({Verdict::warn, who + "cannot be used: " + blender.error, "repair it, or take it out of the daemon's option `blenders`"});
    } else if (blender.fork == ForkState::proven) {
      out.push_back({Verdict::ok, who + "forks", ""});
    } else if (blender.fork == ForkState::refused) {
      out.push_back({Verdict::warn, who + "does not fork: " + blender.fork_reason, "it works, and each job waits for a cold start"});
    } else {
      out.push_back({Verdict::ok, who + "is not proven to fork yet", "the proof runs in the background, when the Blender is first needed"});
    }
  }
  if (!usable) out.push_back({Verdict::fail, "no Blender can be used", "install one (`apt install blender`), or name it in the daemon's option `blenders`"});
}

void check_daemon(const Context& context, std::vector<Check>& out) {
  auto client = context.connect();
  if (!client) {
    const bool absent = client.error().code == Code::no_daemon;
    out.push_back({absent ? Verdict::warn : Verdict::fail, client.error().message, client.error().hint});
    return;
  }
  auto server = client->server();
  if (!server) {
    out.push_back({Verdict::fail, "the daemon does not answer: " + server.error().message, "`offstage daemon logs` shows what it says"});
    return;
  }
  out.push_back({Verdict::ok, "the daemon answers (pid " + std::to_string(server->pid) + ")", ""});
  const bool same = server->version == OFFSTAGE_VERSION;
  out.push_back({same ? Verdict::ok : Verdict::warn, "daemon " + server->version + ", command line " OFFSTAGE_VERSION,
                 same ? "" : "`offstage daemon restart` runs the installed version"});
  for (const auto& [limit, how] : server->enforcement) {
    out.push_back({how.starts_with("none:") ? Verdict::warn : Verdict::ok, "limit of " + limit + ": " + how, ""});
  }
  for (const std::string& warning : server->warnings) out.push_back({Verdict::warn, warning, ""});
  check_space(server->state_dir, out);
  check_blenders(*client, out);
}

int doctor(const Context& context) {
  std::vector<Check> checks{check_program()};
  check_daemon(context, checks);
  bool failing = false;
  std::vector<std::string> rows;
  for (const Check& check : checks) {
    failing = failing || check.verdict == Verdict::fail;
    if (context.json) {
      rows.push_back(JsonObject().text("verdict", name_of(check.verdict)).text("what", check.what).text_or_null("hint", check.hint).text());
    } else {
      const std::string verdict(name_of(check.verdict));
      out().write(verdict + std::string(6 - verdict.size(), ' ') + harmless_line(check.what) + "\n" +
                  (check.hint.empty() ? "" : "      " + harmless_line(check.hint) + "\n"));
    }
  }
  if (context.json) out().write(json_array(rows) + "\n");
  return failing ? failed : succeeded;
}

}  // namespace

void add_doctor(Command root, Context& context) {
  Command command = root.command("doctor", "Look for what keeps Offstage from working");
  command.runs([&context] { return doctor(context); });
}

}  // namespace offstage::cli
