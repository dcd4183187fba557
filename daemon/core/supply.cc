// SPDX-License-Identifier: Apache-2.0
#include "core/supply.h"

#include <algorithm>

namespace offstage::core {
namespace {
constexpr Micros distrust = std::chrono::minutes(5);
constexpr unsigned warm_spares = 2;           // of the default Blender
constexpr unsigned warm_spares_unproven = 1;  // cold ones cost a whole Blender each, and the proof is about to tell
}  // namespace

const Supply::Proof& Supply::proof(const std::string& blender) const {
  static const Proof unknown;
  const auto found = proofs_.find(blender);
  return found == proofs_.end() ? unknown : found->second;
}

void Supply::set_proof(const ProofChanged& news, Mono now) {
  Proof& proof = proofs_[news.blender];
  const bool news_indeed = proof.state != news.proof;
  proof = {news.proof, news.reason};
  if (news.proof == ForkProof::proven && news_indeed) {
    for (auto& [key, group] : groups_) {  // forks serve the demand from now on
      if (key.second == Isolation::process && kinds_.at(key.first).blender == news.blender) group.demand.forget();
    }
  }
  if (news.blender == default_blender_) warm_default(now);
}

void Supply::set_default(std::string blender, Mono now) {
  default_blender_ = std::move(blender);
  if (!default_blender_.empty()) warm_default(now);
}

void Supply::warm_default(Mono now) {
  const KindId kind = kinds_.intern({default_blender_, {}});
  const ForkProof state = proof(default_blender_).state;
  group({kind, state == ForkProof::proven ? Isolation::fork : Isolation::process})
      .demand.expect(state == ForkProof::pending ? warm_spares_unproven : warm_spares, now);
}

bool Supply::distrusted(KindId kind, Mono now) const {
  const auto fork = groups_.find({kind, Isolation::fork});
  return fork != groups_.end() && fork->second.distrusted_until && now < *fork->second.distrusted_until;
}

std::optional<Isolation> Supply::resolve(KindId kind, Isolation asked, Mono now) const {
  if (asked == Isolation::process) return Isolation::process;
  const bool proven = proof(kinds_.at(kind).blender).state == ForkProof::proven;
  if (asked == Isolation::fork) return proven ? std::optional(Isolation::fork) : std::nullopt;
  return proven && !distrusted(kind, now) ? Isolation::fork : Isolation::process;
}

void Supply::idle(const WorkerIdle& worker) {
  const Key key{worker.kind, worker.isolation};
  if (!where_.try_emplace(worker.worker, key).second) return;
  group(key).idle.push_back(worker);
}

bool Supply::gone(AttemptId worker) {
  const auto found = where_.find(worker);
  if (found == where_.end()) return false;
  Group& from = group(found->second);
  std::erase_if(from.idle, [&](const WorkerIdle& idle) { return idle.worker == worker; });
  from.say = true;
  where_.erase(found);
  return true;
}

std::optional<WorkerIdle> Supply::take(KindId kind, Isolation isolation, bool automatic, Mono now) {
  Group& wanted = group({kind, isolation});
  Group* from = &wanted;
  if (from->idle.empty() && automatic && isolation == Isolation::fork) from = &group({kind, Isolation::process});
  if (from->idle.empty()) return std::nullopt;
  const WorkerIdle worker = from->idle.front();
  from->idle.pop_front();
  from->say = wanted.say = true;
  where_.erase(worker.worker);
  wanted.demand.assigned(now);
  return worker;
}

void Supply::failed(const KindFailed& news, Mono now) {
  Group& group = this->group({news.kind, news.isolation});
  group.demand.forget();  // spares nobody waits for are not worth another failure
  group.say = true;
  if (news.isolation == Isolation::fork) group.distrusted_until = now + distrust;
}

void Supply::begin_count() {
  for (auto& [key, group] : groups_) group.waiting = 0;
}

void Supply::waits(KindId kind, Isolation isolation) { ++group({kind, isolation}).waiting; }

void Supply::say_wants(unsigned slots, Mono now, Effects& out) {
  for (auto at = groups_.begin(); at != groups_.end();) {
    auto& [key, group] = *at;
    const unsigned ahead = keep_spares_ ? group.demand.ahead(now) : 0;
    const unsigned want = group.waiting + (key.second == Isolation::process ? std::min(ahead, slots) : ahead);
    if (want != group.said || group.say) out.act(Want{key.first, key.second, want});
    group.said = want;
    group.say = false;
    const bool distrusted = group.distrusted_until && now < *group.distrusted_until;
    at = want == 0 && group.demand.ahead(now) == 0 && group.idle.empty() && !distrusted ? groups_.erase(at) : std::next(at);
  }
}

std::optional<Mono> Supply::next_change(Mono now) const {
  std::optional<Mono> next;
  if (!keep_spares_) return next;
  for (const auto& [key, group] : groups_) {
    const auto change = group.demand.next_change(now);
    if (change && (!next || *change < *next)) next = change;
  }
  return next;
}

}  // namespace offstage::core
