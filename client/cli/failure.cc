// SPDX-License-Identifier: Apache-2.0
#include "cli/failure.h"

#include <algorithm>
#include <array>

#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/words.h"

namespace offstage::cli {
namespace {

constexpr std::size_t key_width = 14, block_lines = 20;
/// Of an error: those of more than a line, and their headings, in the order in which one reads them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> long_fields{{{"last_log_lines", "last words"}, {"crash_report", "crash report"}}};

std::string line(const std::string& key, const std::string& value) {
  return value.empty() ? "" : key + std::string(key.size() < key_width ? key_width - key.size() : 1, ' ') + harmless_line(value) + "\n";
}

/// The last lines of a text, or the first, each indented.
std::string block(const std::string& heading, const std::string& text, bool from_end) {
  std::vector<std::string> lines(1);
  for (const char c : harmless(text)) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  if (lines.empty()) return "";
  const std::size_t left_out = lines.size() > block_lines ? lines.size() - block_lines : 0;
  std::string out = "\n" + heading + "\n";
  if (left_out > 0 && from_end) out += "    …\n";
  for (std::size_t i = from_end ? left_out : 0; i < (from_end ? lines.size() : lines.size() - left_out); ++i) out += "    " + lines[i] + "\n";
  if (left_out > 0 && !from_end) out += "    … (" + std::to_string(left_out) + " lines more in the bundle)\n";
  return out;
}

std::string of_process(const Attempt& attempt) {
  std::string out = "process " + std::to_string(attempt.pid);
  out += attempt.isolation == Isolation::fork ? ", forked from Blender " : ", a Blender ";
  out += attempt.blender;
  if (attempt.start_time && attempt.end_time) out += ", after " + duration_text(*attempt.end_time - *attempt.start_time);
  if (attempt.usage.max_rss_bytes > 0) out += "; its memory was " + bytes_text(attempt.usage.max_rss_bytes) + " at most";
  return out;
}

std::string to_what(const Job& job, const std::vector<Attempt>& attempts) {
  std::string out = job.spec.script.name.empty() ? job.spec.display_name : job.spec.script.name;
  if (job.spec.scene) out += " on " + job.spec.scene->path;
  if (attempts.empty()) return out + ", before its first attempt";
  out += ", attempt " + std::to_string(attempts.back().number) + " of " + std::to_string(std::max(job.spec.policy.max_attempts, job.attempt_count));
  return out + ": " + of_process(attempts.back());
}

}  // namespace

std::string failure_text(const Job& job, const std::vector<Attempt>& attempts) {
  if (job.state == State::cancelled) return "CANCELLED  by " + (job.cancelled_by.empty() ? "somebody" : harmless_line(job.cancelled_by)) + "\n";
  if (job.state != State::failed) return "";
  const Error error = job.error.value_or(Error{.message = "the job failed"});
  const std::string id = job.id.substr(0, 12);
  std::string out = state_text(job) + "\n\n";
  out += line("what", error.message) + line("to what", to_what(job, attempts)) + line("what to do", error.hint);
  out += line("more", "`offstage logs " + id + "`; `offstage bundle " + id + "` packs all of it for a bug report");
  for (const auto& [key, value] : error.fields) {
    const bool is_long = std::ranges::any_of(long_fields, [&](const auto& field) { return field.first == key; });
    if (!is_long) out += line(key, value);
  }
  if (job.script_error) out += block("traceback", traceback_of(*job.script_error), true);
  for (const auto& [key, heading] : long_fields) out += block(std::string(heading), std::string(error.field(key)), key == "last_log_lines");
  return out;
}

}  // namespace offstage::cli
