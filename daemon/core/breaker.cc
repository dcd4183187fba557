// SPDX-License-Identifier: Apache-2.0
#include "core/breaker.h"

#include <algorithm>

namespace offstage::core {

Breaker::State Breaker::state(Mono now) const { return !pause_ ? State::closed : now < until_ ? State::open : State::trial; }

void Breaker::open(Micros first, Mono now) {
  pause_ = pause_ ? std::min(*pause_ * 2, policy_.longest_pause) : first;
  until_ = now + *pause_;
  trial_.reset();
}

void Breaker::crashed(AttemptId attempt, const std::string& why, Mono now) {
  const bool was_trial = trial_ == attempt;
  why_ = why;
  recent_.push_back(now);
  while (recent_.size() > policy_.crashes || now - recent_.front() > policy_.window) recent_.pop_front();
  if (was_trial || state(now) == State::trial || (!pause_ && recent_.size() == policy_.crashes)) open(policy_.first_pause, now);
}

void Breaker::worked() { *this = Breaker(policy_); }

void Breaker::told_nothing(AttemptId attempt) {
  if (trial_ == attempt) trial_.reset();
}

void Breaker::failed(const std::string& why, Mono now) {
  why_ = why;
  if (state(now) != State::open) open(policy_.pause_without_zygote, now);
}

bool Breaker::idle(Mono now) const { return !pause_ && (recent_.empty() || now - recent_.back() > policy_.window); }

}  // namespace offstage::core
