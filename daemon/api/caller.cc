// SPDX-License-Identifier: Apache-2.0
#include "api/caller.h"

#include <pwd.h>
#include <unistd.h>

#include <array>

#include "api/text.h"

namespace offstage::api {
namespace {

constexpr std::size_t kMost = 100;  // bytes of each part

std::string plain(std::string_view text) {
  std::string out = clip(text, kMost);
  while (const auto at = control_character(out)) out[*at] = '?';
  return clip(out, kMost);  // what is left of a control character of two bytes becomes "?", too
}

/// The name of the user that the daemon runs as.
std::string own_user() {
  std::array<char, 4096> buffer{};
  passwd entry{}, *found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return "uid " + std::to_string(::geteuid());
}

/// "10.0.0.3" of "ipv4:10.0.0.3:4711"; empty: a Unix socket.
std::string_view host_of(std::string_view peer) {
  if (!peer.starts_with("ipv4:") && !peer.starts_with("ipv6:")) return {};
  peer.remove_prefix(5);
  return peer.substr(0, peer.rfind(':'));
}

}  // namespace

std::string caller(std::string_view user_agent, std::string_view peer, std::string_view own_user) {
  const std::string_view program = user_agent.substr(0, user_agent.find(' '));
  std::string_view who = user_agent.substr(program.size());
  who = who.starts_with(" (") && who.find(')') != std::string_view::npos ? who.substr(2, who.find(')') - 2) : std::string_view();
  if (program.starts_with("grpc-")) who = {};  // that comment is gRPC's
  const std::string_view host = host_of(peer);
  std::string out = !who.empty() ? plain(who) : host.empty() ? plain(own_user) : "somebody";
  if (!host.empty()) out += " from " + plain(host);
  if (!program.empty()) out += ", with " + plain(program);
  return out;
}

std::string caller(const grpc::CallbackServerContext& call) {
  const auto found = call.client_metadata().find("user-agent");
  const auto agent = found == call.client_metadata().end() ? std::string_view() : std::string_view(found->second.data(), found->second.size());
  static const std::string user = own_user();  // a look-up that may ask a network
  return caller(agent, call.peer(), user);
}

}  // namespace offstage::api
