// SPDX-License-Identifier: Apache-2.0
#include "api/log_stream.h"

#include "api/job_view.h"

namespace offstage::api {

LogStream::Step LogStream::step(v1::ReadLogResponse& response) {
  if (!started_) {
    if (auto good = start(); !good) return end_with(good.error());
    started_ = true;
  }
  if (changes_ && !changes_->take().empty() && attempt_) {  // its state is read before its log: then what follows is the whole of it
    if (auto now = context_.reader().attempt(attempt_->id)) attempt_ = std::move(now);
  }
  for (;;) {
    if (!attempt_) return at_end();
    auto chunk = file_.read(offset_);
    if (!chunk.end()) {
      response.set_attempt(attempt_name(name_.job, attempt_->id));
      response.set_offset(offset_);
      offset_ += chunk.dropped + static_cast<std::int64_t>(chunk.data.size());
      response.set_dropped(chunk.dropped);
      response.set_data(std::move(chunk.data));
      return Step::write;
    }
    if (!core::ended(attempt_->state) || !next_attempt()) return at_end();
  }
}

Status LogStream::start() {
  auto name = parse_job_or_attempt_name(request_.name(), "name");
  if (!name) return name.error();
  name_ = *name;
  if (request_.offset() < 0) return Error{Code::invalid_argument, "BAD_OFFSET", "the offset is negative", "offsets count bytes from 0", "offset"};
  if (request_.follow()) changes_ = std::make_unique<WatchHub::Named>(context_.hub, std::vector{name_.job}, weak_from_this());
  const auto attempt = named_attempt(context_, name_);
  if (!attempt) return attempt.error();
  offset_ = request_.offset();
  return *attempt ? take(**attempt) : Status(Done{});
}

Status LogStream::take(const store::AttemptRow& attempt) {
  attempt_ = attempt;
  file_ = LogFile(context_.pool.folder(attempt.id) / "log");
  const std::int64_t size = file_.size();
  if (offset_ <= size || !core::ended(attempt.state)) return Done{};
  return Error{Code::out_of_range,
               "LOG_OFFSET",
               "the log has " + std::to_string(size) + " bytes, and offset " + std::to_string(offset_) + " is beyond them",
               "read from end_offset or below",
               "offset",
               {{"first_offset", "0"}, {"end_offset", std::to_string(size)}}};
}

bool LogStream::next_attempt() {
  if (!request_.follow() || !name_.attempt.is_zero()) return false;
  const std::uint32_t last = attempt_ ? attempt_->number : 0;
  for (const store::AttemptRow& attempt : context_.reader().attempts(name_.job)) {
    if (attempt.number <= last) continue;
    if (attempt_) offset_ = 0;
    return static_cast<bool>(take(attempt));
  }
  return false;
}

/// Nothing more for now: wait, or end where nothing can come.
LogStream::Step LogStream::at_end() {
  if (!request_.follow()) return Step::end;
  if (attempt_ && !core::ended(attempt_->state)) {
    context_.log_ticks.next_tick([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->wake();
    });
    return Step::wait;
  }
  if (!name_.attempt.is_zero()) return Step::end;
  const auto job = context_.reader().job(name_.job);  // the job first, then its attempts: an ended one gets no more
  const bool over = !job || core::ended(job->job.state);
  if (next_attempt()) {
    wake();
    return Step::wait;
  }
  return over ? Step::end : Step::wait;
}

}  // namespace offstage::api
