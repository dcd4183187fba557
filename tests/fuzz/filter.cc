// SPDX-License-Identifier: Apache-2.0
//
// The filter of ListJobs and WatchJobs.
#include "api/filter.h"

#include <nlohmann/json.hpp>

#include "api/limits.h"
#include "errors.h"

namespace {

using namespace offstage;
using fuzz::require;

store::JobRow row(core::JobState state, std::int16_t priority) {
  store::JobRow out;
  out.job.state = state;
  out.job.priority = priority;
  out.job.create_time = Wall(Micros(1'750'000'000'000'000));
  out.display_name = "x";
  out.labels_json = R"({"shot": "010"})";
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text(data, size));
  const auto filter = api::parse_filter(text);
  if (!filter) {
    fuzz::require_travels(filter.error());
    return 0;
  }
  for (const auto& bound : {filter->min_priority, filter->max_priority})
    require(!bound || (*bound >= -api::kPriority - 1 && *bound <= api::kPriority + 1), "a priority is one that jobs can have, or next to it");
  if (text.find_first_not_of(" \t\n\v\f\r") == std::string::npos) return 0;
  const auto twice = api::parse_filter(text + " AND " + text);
  require(static_cast<bool>(twice), "a filter can be joined to itself");
  for (const auto& job : {row(core::JobState::queued, 0), row(core::JobState::succeeded, 100), row(core::JobState::failed, -1000)})
    require(filter->matches(job) == twice->matches(job), "a filter joined to itself means the same");
  return 0;
}
