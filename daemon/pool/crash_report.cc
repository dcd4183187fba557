// SPDX-License-Identifier: Apache-2.0
#include "pool/crash_report.h"

#include <stdio.h>

#include "pool/files.h"

namespace offstage::pool {
namespace {

constexpr std::size_t shown_bytes = 4096;

std::filesystem::path find(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder / "tmp", error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().ends_with(".crash.txt")) return it->path();
  }
  return {};
}

}  // namespace

std::string crash_report(const std::filesystem::path& folder) {
  const auto fresh = find(folder);
  return head_of(fresh.empty() ? folder / "crash.txt" : fresh, shown_bytes);
}

void keep_crash_report(const std::filesystem::path& folder) {
  const auto fresh = find(folder);
  if (!fresh.empty()) ::rename(fresh.c_str(), (folder / "crash.txt").c_str());  // a link would be moved as a link; readers follow none
}

}  // namespace offstage::pool
