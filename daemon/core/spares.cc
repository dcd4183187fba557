// SPDX-License-Identifier: Apache-2.0
#include "core/spares.h"

#include <algorithm>

namespace offstage::core {
namespace {
constexpr Micros window = std::chrono::seconds(1);
constexpr Micros half_life = std::chrono::minutes(1);
}  // namespace

void Demand::assigned(Mono now) {
  recent_.push_back(now);
  while (recent_.size() > policy_.most || (!recent_.empty() && now - recent_.front() >= window)) recent_.pop_front();
  expect(static_cast<unsigned>(recent_.size()) + 1, now);
}

void Demand::expect(unsigned wanted, Mono now) {
  wanted = std::min(wanted, policy_.most);
  if (peak_ == 0 || ahead(now) == 0 || wanted >= level(now)) {
    peak_ = wanted;
    peak_time_ = now;
  }
  last_ = now;
}

unsigned Demand::level(Mono now) const {
  const auto halvings = std::max<std::int64_t>(0, (now - peak_time_) / half_life);
  return halvings > 31 ? 1 : std::max(1U, peak_ >> halvings);
}

unsigned Demand::ahead(Mono now) const { return peak_ == 0 || now - last_ >= policy_.idle ? 0 : level(now); }

std::optional<Mono> Demand::next_change(Mono now) const {
  if (ahead(now) == 0) return std::nullopt;
  const Mono end = last_ + policy_.idle;
  if (level(now) == 1) return end;
  return std::min(end, peak_time_ + half_life * ((now - peak_time_) / half_life + 1));
}

}  // namespace offstage::core
