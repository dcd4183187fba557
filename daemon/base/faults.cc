// SPDX-License-Identifier: Apache-2.0
#include "base/faults.h"

#ifdef OFFSTAGE_FAULTS

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>

namespace offstage {
namespace {

// "name", "name:passage" or "name:passage:stop", as the environment had it when it was first asked for.
struct CrashAt {
  std::string name;
  int passage = 1;
  bool stop = false;

  static CrashAt from_environment() {
    const char* text = std::getenv("OFFSTAGE_CRASH_AT");
    CrashAt at{text ? text : ""};
    if (const auto colon = at.name.find(':'); colon != std::string::npos) {
      std::from_chars(at.name.data() + colon + 1, at.name.data() + at.name.size(), at.passage);
      at.stop = at.name.ends_with(":stop");
      at.name.resize(colon);
    }
    return at;
  }
};

std::string& bug() {
  static std::string name = [] {
    const char* text = std::getenv("OFFSTAGE_BUG");
    return std::string(text ? text : "");
  }();
  return name;
}

}  // namespace

void crash_point(std::string_view name) noexcept {
  static const CrashAt at = CrashAt::from_environment();
  static std::atomic<int> passages = 0;
  if (name == at.name && ++passages == at.passage) std::raise(at.stop ? SIGSTOP : SIGKILL);
}

std::string_view crash_at() noexcept {
  const char* text = std::getenv("OFFSTAGE_CRASH_AT");
  return text ? text : "";
}

bool seeded_bug(std::string_view name) noexcept { return bug() == name; }
void seed_bug(std::string_view name) { bug() = name; }

}  // namespace offstage

#endif
