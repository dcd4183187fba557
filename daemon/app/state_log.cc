// SPDX-License-Identifier: Apache-2.0
#include "app/state_log.h"

#include <spdlog/spdlog.h>

#include <array>

namespace offstage::app {
namespace {

constexpr std::array job_states{"UNSPECIFIED", "HELD", "BLOCKED", "QUEUED", "RUNNING", "CANCELLING", "SUCCEEDED", "FAILED", "CANCELLED"};
constexpr std::array attempt_states{"UNSPECIFIED", "STARTING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"};
constexpr std::size_t told_one_by_one = 10;  // of a batch of new jobs

/// Errors hold text of scripts: one line, no escapes.
std::string harmless(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text.size() <= 500 ? text : text.substr(0, 500) + "…";
}

std::string with_failure(const std::string& line, const core::Failure& failure) {
  return failure.message.empty() ? line : line + ": " + harmless(failure.message);
}

std::string line_of(const core::JobInsert& row) {
  return fmt::format("job {} {} on {}", row.job.id.hex(), job_states.at(static_cast<std::size_t>(row.job.state)), row.kind.blender);
}
std::string line_of(const core::JobUpdate& row) {
  return with_failure(fmt::format("job {} {}", row.id.hex(), job_states.at(static_cast<std::size_t>(row.state))), row.failure);
}
std::string line_of(const core::JobDelete& row) { return fmt::format("job {} deleted", row.id.hex()); }
std::string line_of(const core::LabelsUpdate& row) { return fmt::format("job {} labels changed", row.id.hex()); }
std::string line_of(const core::AttemptWrite& row) {
  return with_failure(
      fmt::format("attempt {} of job {} {} pid {}", row.id.hex(), row.job.hex(), attempt_states.at(static_cast<std::size_t>(row.state)), row.process.pid),
      row.failure);
}
std::string line_of(const core::AttemptDelete& row) { return fmt::format("attempt {} had not begun", row.id.hex()); }
std::string line_of(const core::FolderSize& row) { return fmt::format("attempt {} left {} bytes", row.id.hex(), row.bytes); }

}  // namespace

std::vector<std::string> state_lines(const core::Batch& batch) {
  std::vector<std::string> lines;
  std::size_t created = 0;
  for (const core::Change& change : batch.changes) {
    const auto* insert = std::get_if<core::JobInsert>(&change);
    if (insert != nullptr && ++created > told_one_by_one) continue;
    lines.push_back(std::visit([](const auto& row) { return line_of(row); }, change));
  }
  if (created > told_one_by_one) lines.push_back(fmt::format("and {} more new jobs", created - told_one_by_one));
  return lines;
}

void StateLog::submit(core::Batch batch) {
  std::vector<std::string> lines;
  if (spdlog::should_log(spdlog::level::info)) lines = state_lines(batch);
  next_.submit(std::move(batch));  // first: the disk is what takes longest
  for (const std::string& line : lines) spdlog::info("{}", line);
}

}  // namespace offstage::app
