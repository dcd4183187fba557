// SPDX-License-Identifier: Apache-2.0
#include "cli/words.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace offstage::cli {
namespace {

Time now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

template <class... Values>
std::string format(const char* pattern, Values... values) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), pattern, values...);
  return buffer.data();
}

}  // namespace

std::string state_text(const Job& job) {
  std::string out(name_of(job.state));
  if (job.state == State::running && job.progress.fraction > 0) out += format(" %d%%", static_cast<int>(std::floor(job.progress.fraction * 100)));
  if (job.state == State::failed) out += " " + std::string(name_of(job.reason));
  return out;
}

std::string duration_text(Duration duration) {
  const double seconds = std::max(0.0, std::chrono::duration<double>(duration).count());
  if (seconds < 10) return format("%.2fs", seconds);
  const auto whole = static_cast<long>(seconds);
  if (whole < 60) return format("%lds", whole);
  if (whole < 3600) return format("%ldm%02lds", whole / 60, whole % 60);
  if (whole < 86400) return format("%ldh%02ldm", whole / 3600, whole / 60 % 60);
  return format("%ldd%02ldh", whole / 86400, whole / 3600 % 24);
}

std::string age_text(const Job& job) { return job.create_time ? duration_text(now() - *job.create_time) : ""; }

std::string run_time_text(const Job& job) {
  if (!job.start_time) return "";
  return duration_text(job.end_time.value_or(now()) - *job.start_time);
}

std::string run_time_text(const Attempt& attempt) {
  if (!attempt.start_time) return "";
  return duration_text(attempt.end_time.value_or(now()) - *attempt.start_time);
}

std::string bytes_text(std::int64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return format(value >= 10 || unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

}  // namespace offstage::cli
