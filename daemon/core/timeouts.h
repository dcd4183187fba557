// SPDX-License-Identifier: Apache-2.0
//
// The four timeouts: when the next of an attempt is due, and what people are told.
//
//     queue     from create to the first attempt
//     start     from the assignment (or from when the slot was kept for a worker that is still to come) to the script's first line
//     run       from the first line
//     progress  between two calls of progress()
#pragma once

#include <optional>
#include <string>

#include "core/attempt.h"

namespace offstage::core {

enum class Timeout : std::uint8_t { queue, start, run, progress };

constexpr Micros default_start_timeout = std::chrono::minutes(10);

Micros start_timeout(const Timeouts& timeouts);

/// The next timeout of an attempt that nobody stops: which, and when.
struct Due {
  Timeout which;
  Mono at;
};
std::optional<Due> next_timeout(const Attempt& attempt, const Timeouts& timeouts);

Failure timed_out(Timeout which, const Timeouts& timeouts);
/// The flag that an attempt sees, by the failure that it will have.
int flag_of(const Failure& timed_out);

/// "30 s", "1.5 s", "10 min", "2 h".
std::string text_of(Micros duration);

}  // namespace offstage::core
