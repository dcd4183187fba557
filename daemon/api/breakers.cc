// SPDX-License-Identifier: Apache-2.0
#include "api/breakers.h"

#include "api/convert.h"
#include "api/text.h"

namespace offstage::api {
namespace {

constexpr std::size_t kWhyBytes = 300;

}  // namespace

Tripped tripped(const Context& context) {
  const Now now = Now::read();
  return {context.engine.scheduler().tripped(now.mono), now};
}

void add_breakers(const Tripped& tripped, const std::string& name, v1::Blender& out) {
  for (const core::Supply::Tripped& breaker : tripped.all) {
    if (breaker.kind.blender != name) continue;
    auto* to = out.add_breakers();
    to->set_state(breaker.state == core::Breaker::State::open ? v1::BREAKER_STATE_OPEN : v1::BREAKER_STATE_TRIAL);
    to->set_crashes(static_cast<std::uint32_t>(breaker.crashes));
    to->set_reason(clip(breaker.why, kWhyBytes));
    *to->mutable_trial_time() = to_timestamp(tripped.now.wall + (breaker.until - tripped.now.mono));
    to->mutable_variables()->insert(breaker.kind.start_env.begin(), breaker.kind.start_env.end());
  }
}

std::string warning(const core::Supply::Tripped& breaker, Now now) {
  std::string out = "Blender " + breaker.kind.blender + ": ";
  out += breaker.crashes > 0 ? std::to_string(breaker.crashes) + " forked workers in a row crashed" : "no zygote could be had";
  if (!breaker.kind.start_env.empty())
    out += " with " + breaker.kind.start_env.front().first + (breaker.kind.start_env.size() > 1 ? " and others set" : " set");
  out += " (the last: " + clip(breaker.why, kWhyBytes) + "); jobs start cold, ";
  const auto left = std::chrono::ceil<std::chrono::seconds>(breaker.until - now.mono).count();
  return out + (left > 0 ? "and in " + std::to_string(left) + " s one is tried as a fork" : "and the next is tried as a fork");
}

}  // namespace offstage::api
