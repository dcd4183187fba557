// SPDX-License-Identifier: Apache-2.0
//
// A stream of something that an attempt writes and that grows: its log, the list of its files. Of one attempt, or, following a job's name, of each attempt as
// it comes.
//
// Thread: as Stream; fields belong to step().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/job_view.h"
#include "api/names.h"
#include "api/stream.h"

namespace offstage::api {

template <class Response>
class FollowStream : public Stream<Response> {
 protected:
  using Step = typename Stream<Response>::Step;

  FollowStream(Context& context, std::string name, std::int64_t offset, bool follow)
      : Stream<Response>(context), offset_(offset), asked_(std::move(name)), follow_(follow) {}

  /// This attempt is read from now on, from offset_ on.
  virtual Status take(const store::AttemptRow& attempt) = 0;
  /// The next message, and offset_ moved behind it; false: nothing more for now.
  virtual bool read(Response& response) = 0;

  std::string attempt_name_of_now() const { return attempt_name(name_.job, attempt_->id); }

  std::int64_t offset_;  // in what attempt_ writes

 private:
  Step step(Response& response) final {
    if (!started_) {
      if (auto good = start(); !good) return this->end_with(good.error());
      started_ = true;
    }
    if (changes_ && !changes_->take().empty() && attempt_) {  // its state is read before what it wrote: then what follows is the whole of it
      if (auto now = this->context_.reader().attempt(attempt_->id)) attempt_ = std::move(now);
    }
    for (;;) {
      if (!attempt_) return at_end();
      if (read(response)) return Step::write;
      if (!core::ended(attempt_->state) || !next_attempt()) return at_end();
    }
  }

  Status start() {
    auto name = parse_job_or_attempt_name(asked_, "name");
    if (!name) return name.error();
    name_ = *name;
    if (offset_ < 0) return Error{Code::invalid_argument, "BAD_OFFSET", "the offset is negative", "offsets count bytes from 0", "offset"};
    if (follow_) changes_ = std::make_unique<WatchHub::Named>(this->context_.hub, std::vector{name_.job}, this->weak_from_this());
    const auto attempt = named_attempt(this->context_, name_);
    if (!attempt) return attempt.error();
    return *attempt ? begin(**attempt) : Status(Done{});
  }

  Status begin(const store::AttemptRow& attempt) {
    attempt_ = attempt;
    return take(attempt);
  }

  /// The next attempt to read; false: there is none yet.
  bool next_attempt() {
    if (!follow_ || !name_.attempt.is_zero()) return false;
    const std::uint32_t last = attempt_ ? attempt_->number : 0;
    for (const store::AttemptRow& attempt : this->context_.reader().attempts(name_.job)) {
      if (attempt.number <= last) continue;
      if (attempt_) offset_ = 0;
      return static_cast<bool>(begin(attempt));
    }
    return false;
  }

  /// Nothing more for now: wait, or end where nothing can come.
  Step at_end() {
    if (!follow_) return Step::end;
    if (attempt_ && !core::ended(attempt_->state)) {
      this->context_.log_ticks.next_tick([weak = this->weak_from_this()] {
        if (const auto self = weak.lock()) self->wake();
      });
      return Step::wait;
    }
    if (!name_.attempt.is_zero()) return Step::end;
    const auto job = this->context_.reader().job(name_.job);  // the job first, then its attempts: an ended one gets no more
    const bool over = !job || core::ended(job->job.state);
    if (next_attempt()) {
      this->wake();
      return Step::wait;
    }
    return over ? Step::end : Step::wait;
  }

  const std::string asked_;
  const bool follow_;
  bool started_ = false;
  AttemptName name_;
  std::unique_ptr<WatchHub::Named> changes_;  // only when following
  std::optional<store::AttemptRow> attempt_;  // the one that is read
};

}  // namespace offstage::api
