// SPDX-License-Identifier: Apache-2.0
#include "store/rows.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace offstage::store {

bool Filter::matches(const JobRow& row) const {
  const core::Job& job = row.job;
  if (states != 0 && (states >> static_cast<unsigned>(job.state) & 1) == 0) return false;
  if (ids && (job.id < ids->first || ids->second < job.id)) return false;
  if (display_name && row.display_name != *display_name) return false;
  if (min_priority && job.priority < *min_priority) return false;
  if (max_priority && job.priority > *max_priority) return false;
  if (created_after && job.create_time <= *created_after) return false;
  if (created_before && job.create_time >= *created_before) return false;
  if (labels.empty()) return true;
  const auto present = nlohmann::json::parse(row.labels_json);
  return std::ranges::all_of(labels, [&](const auto& label) { return present.contains(label.first) && present[label.first] == label.second; });
}

}  // namespace offstage::store
