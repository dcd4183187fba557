// SPDX-License-Identifier: Apache-2.0
#include "store/job_columns.h"

#include "core/failure_json.h"
#include "store/gpus_text.h"
#include "store/start_env.h"

namespace offstage::store {

core::Job read_hot(Columns& columns, core::Kind& kind, Wall& end_time) {
  core::Job job;
  columns >> job.seq >> job.id >> job.revision >> job.state >> job.isolation >> job.held >> job.delete_when_over >> job.priority >> job.retry_on >> job.cpus >>
      job.attempts >> job.max_attempts >> job.memory_bytes >> job.timeouts.queue >> job.timeouts.start >> job.timeouts.run >> job.timeouts.progress >>
      job.timeouts.cancel_grace >> job.create_time >> job.start_time >> end_time >> job.request_hash >> job.gpus >> kind.blender;
  kind.start_env = start_env_from_json(columns.text());
  columns >> kind.load >> kind.scene;
  return job;
}

JobRow read_job(const Statement& statement) {
  Columns columns(statement);
  JobRow row;
  row.job = read_hot(columns, row.kind, row.end_time);
  columns >> row.display_name >> row.labels_json >> row.progress >> row.progress_message;
  if (const auto failure = columns.text(); !failure.empty()) row.failure = core::failure_from_json(failure);
  columns >> row.warnings_json >> row.value_json >> row.file_count >> row.file_bytes >> row.spec;
  return row;
}

AttemptRow read_attempt(const Statement& statement) {
  constexpr int kExitCode = 10;
  Columns columns(statement);
  AttemptRow row;
  core::Exit exit;
  columns >> row.id >> row.job >> row.number >> row.state >> row.isolation >> row.process.pid >> row.process.start_ticks >> row.create_time >> row.start_time >>
      row.end_time >> exit.exit_code >> exit.signal >> exit.user_cpu >> exit.system_cpu >> exit.max_rss_bytes >> exit.killed_by;
  if (!statement.is_null(kExitCode)) row.exit = exit;
  if (const auto failure = columns.text(); !failure.empty()) row.failure = core::failure_from_json(failure);
  row.gpus = gpus_from_text(columns.text());
  return row;
}

std::size_t bytes_of(const JobRow& row) {
  const core::Failure& failure = row.failure;
  std::size_t bytes = sizeof row + row.display_name.size() + row.labels_json.size() + row.spec.size() + row.value_json.size() + row.warnings_json.size() +
                      row.progress_message.size() + failure.message.size() + failure.hint.size() + failure.script_error_json.size();
  for (const auto& [name, value] : failure.fields) bytes += name.size() + value.size();
  return bytes;
}

}  // namespace offstage::store
