// SPDX-License-Identifier: Apache-2.0
#include "api/job_view.h"

#include "api/convert.h"
#include "api/names.h"

namespace offstage::api {
namespace {

bool shows_attempt(core::JobState state) {
  return state == core::JobState::running || state == core::JobState::cancelling || state == core::JobState::succeeded;
}

}  // namespace

AttemptId newest_attempt(const Context& context, const store::JobRow& row) {
  if (!row.job.attempt.is_zero() || row.job.attempts == 0) return row.job.attempt;
  const auto attempts = context.reader().attempts(row.job.id);
  return attempts.empty() ? AttemptId{} : attempts.back().id;
}

Result<std::optional<store::AttemptRow>> named_attempt(const Context& context, const AttemptName& name) {
  if (!context.reader().job(name.job)) return unknown_job(job_name(name.job));
  if (name.attempt.is_zero()) {
    const auto attempts = context.reader().attempts(name.job);
    return attempts.empty() ? std::nullopt : std::optional(attempts.back());
  }
  auto attempt = context.reader().attempt(name.attempt);
  if (!attempt || attempt->job != name.job) return unknown_attempt(name);
  return attempt;
}

std::optional<pool::Progress> live_progress(const Context& context, AttemptId attempt) {
  auto progress = context.pool.progress(attempt);
  if (progress && progress->count == 0) progress.reset();
  return progress;
}

void show(const Context& context, const store::JobRow& row, v1::Job& out) {
  const AttemptId attempt = shows_attempt(row.job.state) ? newest_attempt(context, row) : AttemptId{};
  to_job(row, attempt.is_zero() ? std::filesystem::path() : context.pool.folder(attempt), out);
  const bool is_over = core::ended(row.job.state);
  if (is_over && context.info.retention > Micros{0}) *out.mutable_expire_time() = to_timestamp(row.end_time + context.info.retention);
  if (attempt.is_zero() || is_over) return;
  if (const auto progress = live_progress(context, attempt)) to_progress(*progress, *out.mutable_progress());
}

Status show(const Context& context, JobId id, v1::Job& out) {
  const auto row = context.reader().job(id);
  if (!row) return unknown_job(job_name(id));
  show(context, *row, out);
  return Done{};
}

}  // namespace offstage::api
