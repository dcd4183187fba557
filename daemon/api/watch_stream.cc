// SPDX-License-Identifier: Apache-2.0
#include "api/watch_stream.h"

#include <algorithm>
#include <unordered_set>

#include "api/convert.h"
#include "api/filter.h"
#include "api/job_view.h"
#include "api/names.h"
#include "api/resume_token.h"

namespace offstage::api {
namespace {

constexpr std::size_t kPage = 100;
constexpr std::size_t kHeldBytes = 1 << 20;  // what a watcher that does not read may hold
constexpr std::size_t kNamesAtOnce = 16;

std::size_t size_of(const store::JobRow& row) { return row.spec.size() + row.value_json.size() + row.failure.script_error_json.size(); }

}  // namespace

WatchStream::Step WatchStream::step(v1::WatchJobsResponse& response) {
  if (!started_) {
    if (auto good = start(); !good) return end_with(good.error());
    started_ = true;
  }
  if (!reset_ && page_.empty()) refill();
  if (reset_) {
    reset_ = false;
    response.mutable_reset();
    return Step::write;
  }
  if (!page_.empty()) {
    Event event = std::move(page_.front());
    page_.pop_front();
    emit(std::move(event), response);
    return Step::write;
  }
  if (!synced_) {
    synced_ = true;
    response.mutable_synced();
    set_token(response);
    return Step::write;
  }
  if (next_progress(response)) return Step::write;
  arm_tick();
  return Step::wait;
}

Status WatchStream::start() {
  if (!request_.names().empty() && !request_.filter().empty()) {
    return Error{Code::invalid_argument, "NAMES_AND_FILTER", "there are names and a filter", "give one of them", "filter"};
  }
  const auto filter = parse_filter(request_.filter());
  if (!filter) return filter.error();
  filter_ = *filter;
  auto cursor = std::optional<core::Revision>();
  if (!request_.resume_token().empty()) {
    const auto token = parse_resume_token(request_.resume_token(), context_.store.state_id());
    if (!token) return token.error();
    cursor = *token;
    if (cursor && *cursor > context_.hub.durable()) cursor.reset();  // of a state that was rolled back
    reset_ = !cursor;
  }
  synced_ = cursor.has_value();
  cursor_ = floor_ = cursor.value_or(0);
  if (!request_.names().empty()) return start_names();
  context_.hub.watch_all(shared_from_this());
  if (!synced_) begin_snapshot();
  return Done{};
}

Status WatchStream::start_names() {
  if (request_.names_size() > kWatchNames) {
    return Error{Code::invalid_argument, "TOO_MANY_NAMES", "there are " + std::to_string(request_.names_size()) + " names, and at most 1000 are allowed",
                 "watch by a filter, such as a label", "names"};
  }
  std::unordered_set<JobId> seen;
  for (int i = 0; i < request_.names_size(); ++i) {
    const auto id = parse_job_name(request_.names(i), "names[" + std::to_string(i) + "]");
    if (!id) return id.error();
    if (seen.insert(*id).second) names_.push_back(*id);
  }
  marks_ = std::make_unique<WatchHub::Named>(context_.hub, names_, weak_from_this());
  for (const JobId& id : names_) {
    if (!synced_ && !context_.reader().job(id)) return unknown_job(job_name(id));
  }
  page_end_ = context_.hub.durable();
  to_read_ = names_;
  return Done{};
}

void WatchStream::begin_snapshot() {
  floor_ = context_.hub.durable();
  cursor_ = 0;
  synced_ = false;
  running_.clear();
}

/// Tombstones are kept for an hour: who is behind them must forget all.
bool WatchStream::behind_tombstones() const { return (synced_ ? cursor_ : floor_) < context_.reader().oldest_tombstone_horizon(); }

void WatchStream::refill() {
  if (marks_) {
    refill_by_names();
  } else {
    refill_by_filter();
  }
}

void WatchStream::refill_by_filter() {
  cursor_ = std::max(cursor_, page_end_);
  for (;;) {
    const bool snapshot = cursor_ < floor_ && !synced_;
    const core::Revision up_to = snapshot ? floor_ : context_.hub.durable();
    if (cursor_ >= up_to) return;
    if (behind_tombstones()) {
      reset_ = true;
      page_end_ = 0;
      return begin_snapshot();
    }
    auto changes = context_.reader().changes(snapshot ? filter_ : store::Filter{}, cursor_, up_to, kPage);
    for (auto& row : changes.rows) {
      const bool through = snapshot || filter_.matches(row);
      const core::Revision revision = row.job.revision;
      const JobId id = row.job.id;
      page_.push_back({revision, id, through ? std::optional(std::move(row)) : std::nullopt});
    }
    if (!snapshot) {
      for (const store::Tombstone& gone : changes.deleted) page_.push_back({gone.revision, gone.id, {}});
    }
    std::stable_sort(page_.begin(), page_.end(), [](const Event& a, const Event& b) { return a.revision < b.revision; });
    page_end_ = changes.more ? changes.next : up_to;
    std::size_t bytes = 0;
    for (auto it = page_.begin(); it != page_.end(); ++it) {  // hold no more than so much; the rest is read again
      if (it->row) bytes += size_of(*it->row);
      if (bytes <= kHeldBytes || it == page_.begin()) continue;
      page_end_ = std::prev(it)->revision;
      page_.erase(it, page_.end());
      break;
    }
    if (!page_.empty()) return;
    cursor_ = std::max(cursor_, page_end_);
  }
}

void WatchStream::refill_by_names() {
  if (to_read_.empty()) {
    cursor_ = std::max(cursor_, page_end_);
    page_end_ = context_.hub.durable();  // before the marks: whatever it covers is marked
    to_read_ = marks_->take();
  }
  while (page_.empty() && !to_read_.empty()) {
    const std::size_t count = std::min(to_read_.size(), kNamesAtOnce);
    const std::vector<JobId> ids(to_read_.end() - static_cast<std::ptrdiff_t>(count), to_read_.end());
    to_read_.resize(to_read_.size() - count);
    std::unordered_set<JobId> missing(ids.begin(), ids.end());
    for (store::JobRow& row : context_.reader().jobs(ids)) {
      missing.erase(row.job.id);
      if (synced_ && row.job.revision <= cursor_) continue;  // the client has it
      const core::Revision revision = row.job.revision;
      const JobId id = row.job.id;
      page_.push_back({revision, id, std::move(row)});
    }
    std::sort(page_.begin(), page_.end(), [](const Event& a, const Event& b) { return a.revision < b.revision; });
    for (const JobId& id : missing) {
      if (std::erase(names_, id) > 0) page_.push_back({page_end_, id, {}});
    }
  }
  if (page_.empty()) cursor_ = std::max(cursor_, page_end_);
}

void WatchStream::emit(Event event, v1::WatchJobsResponse& response) {
  if (!marks_) cursor_ = event.revision;
  if (event.row) {
    show(context_, *event.row, *response.mutable_job());
    follow_progress(*event.row);
  } else {
    response.set_deleted(job_name(event.id));
    running_.erase(event.id);
  }
  if (synced_) set_token(response);
}

void WatchStream::set_token(v1::WatchJobsResponse& response) { response.set_resume_token(resume_token(context_.store.state_id(), cursor_)); }

void WatchStream::follow_progress(const store::JobRow& row) {
  if (!request_.include_progress()) return;
  const bool runs = row.job.state == core::JobState::running || row.job.state == core::JobState::cancelling;
  const AttemptId attempt = runs ? newest_attempt(context_, row) : AttemptId{};
  if (attempt.is_zero()) {
    running_.erase(row.job.id);
  } else if (auto& running = running_[row.job.id]; running.attempt != attempt) {
    running = {attempt, 0};
  }
}

void WatchStream::arm_tick() {
  if (running_.empty() || tick_armed_) return;
  tick_armed_ = true;
  context_.progress_ticks.next_tick([weak = weak_from_this(), tick = tick_] {
    *tick = true;
    if (const auto self = weak.lock()) self->wake();
  });
}

/// The newest value of one job that has moved; values in between are skipped.
bool WatchStream::next_progress(v1::WatchJobsResponse& response) {
  if (moved_.empty() && tick_->exchange(false)) {
    tick_armed_ = false;
    for (const auto& [id, running] : running_) moved_.push_back(id);
  }
  while (!moved_.empty()) {
    const JobId id = moved_.back();
    moved_.pop_back();
    const auto running = running_.find(id);
    if (running == running_.end()) continue;
    const auto progress = live_progress(context_, running->second.attempt);
    if (!progress || progress->count == running->second.sent) continue;
    running->second.sent = progress->count;
    response.mutable_progress()->set_name(job_name(id));
    to_progress(*progress, *response.mutable_progress()->mutable_progress());
    return true;
  }
  return false;
}

}  // namespace offstage::api
