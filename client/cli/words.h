// SPDX-License-Identifier: Apache-2.0
//
// How people read states, times and sizes.
#pragma once

#include <chrono>
#include <string>

#include <offstage/job.h>

namespace offstage::cli {

/// "RUNNING 45%", "FAILED CRASHED"
std::string state_text(const Job& job);
/// Since it was created: "12s", "3m", "2h", "5d".
std::string age_text(const Job& job);
/// From the first attempt's start to the end, or now: "0.42s", "3m10s"; empty before.
std::string run_time_text(const Job& job);
std::string run_time_text(const Attempt& attempt);
std::string duration_text(Duration duration);
/// "512 MiB"
std::string bytes_text(std::int64_t bytes);

}  // namespace offstage::cli
