// SPDX-License-Identifier: Apache-2.0
#include "store/writer.h"

#include "core/failure_json.h"
#include "store/gpus_text.h"
#include "store/start_env.h"

namespace offstage::store {

namespace {

constexpr Micros kTombstonesKept = std::chrono::hours(1);

std::optional<std::string> failure_text(const core::Failure& failure) {
  if (failure.reason == core::Reason::none && failure.message.empty()) return std::nullopt;
  return core::to_json(failure);
}

}  // namespace

Writer::Writer(Connection& connection)
    : insert_job_(
          connection.handle(),
          "INSERT INTO jobs (seq, id, revision, state, isolation, held, delete_when_over, priority, retry_on, cpus, attempts, max_attempts, memory_bytes, "
          "queue_timeout, start_timeout, run_timeout, progress_timeout, cancel_grace, create_time, start_time, end_time, request_hash, blender, start_env, "
          "load, scene, display_name, labels, gpus, progress, progress_message, warnings, value) "
          "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,0,?,?,?,?,?,?,?,?,-1,'','','')"),
      insert_spec_(connection.handle(), "INSERT INTO specs (seq, spec) VALUES (?,?)"),
      update_job_(
          connection.handle(),
          "UPDATE jobs SET revision=?2, state=?3, priority=?4, held=?5, delete_when_over=?6, attempts=?7, max_attempts=?8, start_time=?9, end_time=?10, "
          "failure=?11, warnings=?12, value=?13, progress=?14, progress_message=?15, file_count=?16, file_bytes=?17 WHERE seq=?1"),
      update_labels_(connection.handle(), "UPDATE jobs SET revision=?2, labels=?3 WHERE id=?1"),
      seq_of_(connection.handle(), "SELECT seq FROM jobs WHERE id=?1"),
      delete_attempts_(connection.handle(), "DELETE FROM attempts WHERE job_seq=?1"),
      delete_spec_(connection.handle(), "DELETE FROM specs WHERE seq=?1"),
      delete_job_(connection.handle(), "DELETE FROM jobs WHERE seq=?1"),
      write_attempt_(
          connection.handle(),
          "INSERT INTO attempts (id, job_seq, number, state, isolation, pid, start_ticks, create_time, start_time, end_time, exit_code, exit_signal, "
          "user_cpu, system_cpu, max_rss_bytes, killed_by, failure, gpus) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
          "ON CONFLICT (id) DO UPDATE SET state=excluded.state, isolation=excluded.isolation, pid=excluded.pid, start_ticks=excluded.start_ticks, "
          "create_time=excluded.create_time, start_time=excluded.start_time, end_time=excluded.end_time, exit_code=excluded.exit_code, "
          "exit_signal=excluded.exit_signal, user_cpu=excluded.user_cpu, system_cpu=excluded.system_cpu, max_rss_bytes=excluded.max_rss_bytes, "
          "killed_by=excluded.killed_by, failure=excluded.failure"),
      delete_attempt_(connection.handle(), "DELETE FROM attempts WHERE id=?1"),
      measure_attempt_(connection.handle(), "UPDATE attempts SET folder_bytes=?2 WHERE id=?1"),
      insert_tombstone_(connection.handle(), "INSERT INTO tombstones (revision, id, time) VALUES (?,?,?)"),
      newest_old_tombstone_(connection.handle(), "SELECT max(revision) FROM tombstones WHERE time < ?1"),
      delete_tombstones_(connection.handle(), "DELETE FROM tombstones WHERE revision <= ?1"),
      set_horizon_(connection.handle(), "UPDATE meta SET value=?1 WHERE key='tombstone_horizon'") {}

void Writer::apply(const core::Change& change) {
  std::visit([this](const auto& c) { write(c); }, change);
}

void Writer::write(const core::JobInsert& change) {
  const core::Job& job = change.job;
  const std::string start_env = start_env_to_json(change.kind.start_env);
  insert_job_
      .bind(job.seq, job.id, job.revision, job.state, job.isolation, job.held, job.delete_when_over, job.priority, job.retry_on, job.cpus, job.attempts,
            job.max_attempts, job.memory_bytes, job.timeouts.queue, job.timeouts.start, job.timeouts.run, job.timeouts.progress, job.timeouts.cancel_grace,
            job.create_time, job.start_time, Blob(job.request_hash), change.kind.blender, start_env, change.kind.load, change.kind.scene, change.display_name,
            change.labels_json, job.gpus)
      .run();
  insert_spec_.bind(job.seq, change.spec ? std::string_view(*change.spec) : std::string_view()).run();
}

void Writer::write(const core::JobUpdate& change) {
  static const std::string kNone;
  const auto failure = failure_text(change.failure);
  update_job_
      .bind(change.seq, change.revision, change.state, change.priority, change.held, change.delete_when_over, change.attempts, change.max_attempts,
            change.start_time, change.end_time, failure, change.outcome ? change.outcome->warnings_json : kNone,
            change.outcome ? change.outcome->value_json : kNone, change.progress, change.progress_message, change.outcome ? change.outcome->files.count : 0,
            change.outcome ? change.outcome->files.bytes : 0)
      .run();
}

void Writer::write(const core::LabelsUpdate& change) { update_labels_.bind(change.id, change.revision, change.labels_json).run(); }

void Writer::write(const core::JobDelete& change) {
  insert_tombstone_.bind(change.revision, change.id, change.time).run();
  prune_tombstones(change.time);
  if (!seq_of_.bind(change.id).step()) return seq_of_.reset();
  const std::int64_t seq = seq_of_.integer(0);
  seq_of_.reset();
  delete_attempts_.bind(seq).run();
  delete_spec_.bind(seq).run();
  delete_job_.bind(seq).run();
}

void Writer::write(const core::AttemptWrite& change) {
  const auto failure = failure_text(change.failure);
  const auto& exit = change.exit;
  const auto of_exit = [&](auto member) { return exit ? std::optional((*exit).*member) : std::nullopt; };
  const auto killed_by = of_exit(&core::Exit::killed_by);
  write_attempt_
      .bind(change.id, change.job_seq, change.number, change.state, change.isolation, change.process.pid, change.process.start_ticks, change.create_time,
            change.start_time, change.end_time, of_exit(&core::Exit::exit_code), of_exit(&core::Exit::signal), of_exit(&core::Exit::user_cpu),
            of_exit(&core::Exit::system_cpu), of_exit(&core::Exit::max_rss_bytes), killed_by, failure, gpus_to_text(change.gpus))
      .run();
}

void Writer::write(const core::AttemptDelete& change) { delete_attempt_.bind(change.id).run(); }

void Writer::write(const core::FolderSize& change) { measure_attempt_.bind(change.id, change.bytes).run(); }

// Up to the newest old one by revision, so that nothing older than the horizon is left even if the wall clock went back in between.
void Writer::prune_tombstones(Wall now) {
  if (!newest_old_tombstone_.bind(now - kTombstonesKept).step() || newest_old_tombstone_.is_null(0)) return newest_old_tombstone_.reset();
  const std::int64_t horizon = newest_old_tombstone_.integer(0);
  newest_old_tombstone_.reset();
  delete_tombstones_.bind(horizon).run();
  set_horizon_.bind(horizon).run();
}

}  // namespace offstage::store
