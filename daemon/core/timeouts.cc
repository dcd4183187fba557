// SPDX-License-Identifier: Apache-2.0
#include "core/timeouts.h"

#include <cstdio>

#include "core/effects.h"

namespace offstage::core {

Micros start_timeout(const Timeouts& timeouts) { return timeouts.start == Micros{0} ? default_start_timeout : timeouts.start; }

std::optional<Due> next_timeout(const Attempt& attempt, const Timeouts& timeouts) {
  if (attempt.over) return std::nullopt;
  if (attempt.state == AttemptState::starting) return Due{Timeout::start, attempt.assigned + start_timeout(timeouts)};
  std::optional<Due> due;
  if (timeouts.run != Micros{0}) due = Due{Timeout::run, attempt.started + timeouts.run};
  if (timeouts.progress != Micros{0}) {
    const Mono at = attempt.progressed + timeouts.progress;
    if (!due || at < due->at) due = Due{Timeout::progress, at};
  }
  return due;
}

Failure timed_out(Timeout which, const Timeouts& timeouts) {
  const auto failure = [](const char* name, std::string what, const char* hint) {
    return Failure{Reason::timed_out, "timed out: " + std::move(what) + " (" + name + " timeout)", hint, {{"timeout", name}}, {}};
  };
  switch (which) {
    case Timeout::queue:
      return failure("queue", "waited longer than " + text_of(timeouts.queue) + " for its turn", "raise the queue timeout or the priority, or submit it later");
    case Timeout::start:
      return failure("start", "the script's first line did not run within " + text_of(start_timeout(timeouts)),
                     "a large scene may need a longer start timeout; `offstage blenders` shows whether this Blender starts");
    case Timeout::run:
      return failure("run", "ran longer than " + text_of(timeouts.run), "raise the run timeout if the script needs the time");
    case Timeout::progress:
      break;
  }
  return failure("progress", "no call of progress() for " + text_of(timeouts.progress), "call offstage.progress() more often, or raise the progress timeout");
}

int flag_of(const Failure& timed_out) {
  const std::string which = timed_out.fields.empty() ? std::string() : timed_out.fields.front().second;
  return which == "progress" ? flag_timed_out_progress : which == "start" ? flag_timed_out_start : flag_timed_out_run;
}

std::string text_of(Micros duration) {
  const double seconds = static_cast<double>(duration.count()) / 1e6;
  const auto whole = [&](double unit) {
    return seconds >= unit && static_cast<long long>(seconds) % static_cast<long long>(unit) == 0 &&
           seconds == static_cast<double>(static_cast<long long>(seconds));
  };
  char text[40];
  if (whole(3600)) {
    std::snprintf(text, sizeof text, "%.0f h", seconds / 3600);
  } else if (whole(60)) {
    std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
  } else if (seconds < 1) {
    std::snprintf(text, sizeof text, "%g ms", seconds * 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.10g s", seconds);
  }
  return text;
}

}  // namespace offstage::core
