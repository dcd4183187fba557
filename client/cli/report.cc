// SPDX-License-Identifier: Apache-2.0
#include "cli/report.h"

#include <unistd.h>

#include <algorithm>

#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/terminal.h"

namespace offstage::cli {
namespace {

std::string line(const std::string& key, const std::string& value, std::size_t key_width) {
  std::string indented = harmless(value);
  while (indented.ends_with('\n')) indented.pop_back();
  const std::string margin(2 + key_width + 2, ' ');
  for (std::size_t at = indented.find('\n'); at != std::string::npos; at = indented.find('\n', at + 1)) indented.insert(at + 1, margin);
  return "  " + key + std::string(key_width + 2 - key.size(), ' ') + indented + "\n";
}

std::string format(const Error& error) {
  const bool color = Terminal::of(STDERR_FILENO).color;
  std::string text = std::string(color ? "\x1b[1;31merror:\x1b[0m " : "error: ") +
                     harmless_line(error.message.empty() ? std::string(name_of(error.code)) : error.message) + "\n";
  std::size_t key_width = 6;
  for (const auto& field : error.fields) key_width = std::max(key_width, field.first.size());
  for (const auto& [key, value] : error.fields) text += line(key, value, key_width);
  if (!error.hint.empty()) text += line("hint", error.hint, key_width);
  return text;
}

}  // namespace

std::string traceback_of(const ScriptError& error) {
  if (!error.traceback.empty()) return error.traceback;
  std::string text;
  for (const Frame& frame : error.frames) {
    text += "  File \"" + frame.file + "\", line " + std::to_string(frame.line) + (frame.function.empty() ? "" : ", in " + frame.function) + "\n    " +
            frame.source + "\n";
    if (frame.column > 0) text += std::string(4 + frame.column - 1, ' ') + "^\n";
  }
  return text + error.type + ": " + error.message + "\n";
}

int report(const Error& error) {
  err().write(format(error));
  return exit_code(error);
}

int report_refused(const Error& error) {
  const int code = report(error);
  return code == no_daemon ? code : static_cast<int>(usage);
}

int report_end(const Job& job, std::string_view shown_log) {
  if (job.state == State::cancelled) note("job " + job.id + " was cancelled");
  if (job.state != State::failed) return exit_code(job);
  if (job.script_error) {
    std::string text = traceback_of(*job.script_error);
    if (!text.ends_with('\n')) text += '\n';
    if (shown_log.find(text) == std::string_view::npos) err().write(Terminal::of(STDERR_FILENO).is_terminal ? harmless(text) : text);
  }
  Error error = job.error.value_or(Error{.message = "the job failed"});
  const bool told = std::ranges::any_of(error.fields, [](const auto& field) { return field.first == "job"; });
  if (!told) error.fields.insert(error.fields.begin(), {"job", job.id});
  error.fields.insert(error.fields.begin() + 1, {"reason", std::string(name_of(job.reason))});
  report(error);
  return exit_code(job);
}

void note(const std::string& text) { err().write("offstage: " + harmless(text) + "\n"); }

}  // namespace offstage::cli
