// SPDX-License-Identifier: Apache-2.0
#include "user_agent.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <offstage/version.h>

namespace offstage::inline client {
namespace {

std::string plain(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c <= ' ' || c > '~' || c == '(' || c == ')'; }, '?');
  return text;
}

}  // namespace

std::string user_agent(const std::string& program) {
  std::array<char, 4096> buffer{};
  passwd entry{}, *found = nullptr;
  std::string user = std::to_string(::geteuid());
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) user = found->pw_name;
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return plain(program.empty() ? "offstage-client/" OFFSTAGE_VERSION : program) + " (" + plain(user + "@" + host.data()) + ")";
}

}  // namespace offstage::inline client
