// SPDX-License-Identifier: Apache-2.0
//
// The JSON form of a job, of `show --json`, `run --json`, `list --json` and `watch --json`. Its names are fixed; docs/reference tells users.
#pragma once

#include <string>
#include <vector>

#include <offstage/job.h>

namespace offstage::cli {

std::string to_json(const Job& job, const std::vector<Attempt>& attempts);
std::string to_json(const Attempt& attempt);
/// RFC 3339, UTC: "2026-01-31T12:00:00.123456Z"; a JSON null if unset.
std::string json_time(const std::optional<Time>& time);
std::string time_text(const Time& time);

}  // namespace offstage::cli
