// SPDX-License-Identifier: Apache-2.0
#include "api/validate_policy.h"

#include <cstdio>

#include "api/limits.h"

namespace offstage::api {
namespace {

using google::protobuf::Duration;
constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::int64_t kDay = 24L * 60 * 60;

std::string seconds_text(const Duration& d) {
  char text[48];
  std::snprintf(text, sizeof text, "%.10g s", static_cast<double>(d.seconds()) + static_cast<double>(d.nanos()) / kNanos);
  return text;
}

bool well_formed(const Duration& d) {
  const bool one_sign = !(d.seconds() > 0 && d.nanos() < 0) && !(d.seconds() < 0 && d.nanos() > 0);
  return one_sign && d.nanos() > -kNanos && d.nanos() < kNanos;
}

Status check_timeout(const Duration& d, const char* field, const Where& where) {
  const bool positive = d.seconds() > 0 || (d.seconds() == 0 && d.nanos() >= 1'000'000);
  const bool bounded = d.seconds() < 365 * kDay || (d.seconds() == 365 * kDay && d.nanos() == 0);
  if (well_formed(d) && positive && bounded) return Done{};
  return bad_field(where, std::string("policy.") + field, "BAD_DURATION", std::string(field) + " is " + seconds_text(d) + ", and must be from 1 ms to 365 days",
                   "leave it unset for no limit");
}

Status check_grace(const Duration& d, const Where& where) {
  const bool in_range = d.seconds() >= 0 && d.nanos() >= 0 && (d.seconds() < 3600 || (d.seconds() == 3600 && d.nanos() == 0));
  if (well_formed(d) && in_range) return Done{};
  return bad_field(where, "policy.cancel_grace", "BAD_DURATION", "cancel_grace is " + seconds_text(d) + ", and must be from 0 to 1 h",
                   "leave it unset for 2 s");
}

}  // namespace

Micros to_micros(const Duration& d) { return std::chrono::seconds(d.seconds()) + std::chrono::duration_cast<Micros>(std::chrono::nanoseconds(d.nanos())); }

Status validate_resources(const v1::Resources& resources, const Where& where) {
  if (resources.memory_bytes() != 0 && resources.memory_bytes() < kMinMemoryBytes) {
    return bad_field(where, "resources.memory_bytes", "BAD_MEMORY",
                     "the memory limit is " + std::to_string(resources.memory_bytes()) + " bytes, and must be at least 64 MiB, or 0 for none",
                     "an empty Blender is not counted, but a render of a small scene needs some 100 MiB");
  }
  return Done{};
}

Status validate_policy(const v1::Policy& policy, const Where& where) {
  struct Timeout {
    bool set;
    const Duration& value;
    const char* field;
  };
  for (const Timeout& t :
       {Timeout{policy.has_queue_timeout(), policy.queue_timeout(), "queue_timeout"},
        Timeout{policy.has_start_timeout(), policy.start_timeout(), "start_timeout"}, Timeout{policy.has_run_timeout(), policy.run_timeout(), "run_timeout"},
        Timeout{policy.has_progress_timeout(), policy.progress_timeout(), "progress_timeout"}}) {
    if (!t.set) continue;
    if (auto good = check_timeout(t.value, t.field, where); !good) return good;
  }
  if (policy.has_cancel_grace()) {
    if (auto good = check_grace(policy.cancel_grace(), where); !good) return good;
  }
  if (policy.max_attempts() > kMaxAttempts) {
    return bad_field(where, "policy.max_attempts", "BAD_MAX_ATTEMPTS",
                     "max_attempts is " + std::to_string(policy.max_attempts()) + ", and at most 100 are allowed", "choose from 1 to 100");
  }
  for (const int reason : policy.retry_on()) {
    if (reason == 0 || !v1::Reason_IsValid(reason)) {
      return bad_field(where, "policy.retry_on", "BAD_RETRY_ON", "there is no reason number " + std::to_string(reason), "use reasons such as CRASHED or LOST");
    }
  }
  if (!v1::OnWarning_IsValid(policy.on_warning())) {
    return bad_field(where, "policy.on_warning", "BAD_ON_WARNING", "there is no on_warning number " + std::to_string(policy.on_warning()), "use WARN or FAIL");
  }
  return Done{};
}

}  // namespace offstage::api
