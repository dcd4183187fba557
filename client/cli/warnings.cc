// SPDX-License-Identifier: Apache-2.0
#include "cli/warnings.h"

#include <algorithm>

#include "cli/terminal.h"

namespace offstage::cli {
namespace {

constexpr std::ptrdiff_t most = 10;

std::string line(const std::string& key, const std::string& value) { return key + std::string(12 - key.size(), ' ') + harmless_line(value) + "\n"; }

}  // namespace

std::string warnings_text(const std::vector<Warning>& warnings) {
  std::string out;
  for (auto first = warnings.begin(); first != warnings.end();) {
    const auto last = std::find_if(first, warnings.end(), [&](const Warning& other) { return other.code != first->code; });
    for (auto one = first; one != last && one - first < most; ++one) out += line("warning", one->code + ": " + one->message);
    if (last - first > most) out += line("", "… and " + std::to_string(last - first - most) + " more: `offstage show --json` has them");
    const auto hint = first->metadata.find("hint");
    if (hint != first->metadata.end()) out += line("what to do", hint->second);
    first = last;
  }
  return out;
}

}  // namespace offstage::cli
