// SPDX-License-Identifier: Apache-2.0
#include "app/memory.h"

#include <fstream>
#include <string>
#include <utility>

namespace offstage::app {

std::int64_t all_memory(const std::filesystem::path& meminfo) {
  std::ifstream in(meminfo);
  std::string name;
  std::int64_t kilobytes = 0;
  return in >> name >> kilobytes && name == "MemTotal:" ? kilobytes << 10 : 0;
}

std::optional<bool> MemoryWatch::look(Mono now) {
  if (looked_ != Mono{} && now - looked_ < std::chrono::seconds(1)) return std::nullopt;
  looked_ = now;
  std::int64_t total = 0, available = 0;
  std::ifstream in(meminfo_);
  for (std::string name, unit; available == 0 && in >> name;) {
    std::int64_t kilobytes = 0;
    in >> kilobytes;
    std::getline(in, unit);
    if (name == "MemTotal:") total = kilobytes;
    if (name == "MemAvailable:") available = kilobytes;
  }
  if (total == 0) return std::nullopt;
  const bool now_short = short_ ? available < total / 7 : available < total / 10;
  return now_short == std::exchange(short_, now_short) ? std::nullopt : std::optional(now_short);
}

}  // namespace offstage::app
