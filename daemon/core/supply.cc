// SPDX-License-Identifier: Apache-2.0
#include "core/supply.h"

#include <algorithm>

#include "base/faults.h"

namespace offstage::core {
namespace {
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

std::optional<Isolation> Supply::resolve(KindId kind, Isolation asked, Mono now) const {
  if (asked == Isolation::process) return Isolation::process;
  const bool proven = proof(kinds_.at(kind).blender).state == ForkProof::proven;
  if (asked == Isolation::fork) return proven ? std::optional(Isolation::fork) : std::nullopt;
  if (!proven) return Isolation::process;
  const auto found = groups_.find({kind, Isolation::fork});
  if (found == groups_.end() || found->second.breaker.state(now) == Breaker::State::closed) return Isolation::fork;
  return found->second.breaker.trial_is_due(now) && !found->second.idle.empty() ? Isolation::fork : Isolation::process;
}

void Supply::judge(KindId kind, AttemptId attempt, End end, const std::string& why, Mono now) {
  Breaker& breaker = group({kind, Isolation::fork}).breaker;
  if (end == End::worked) breaker.worked();
  if (end == End::crashed) breaker.crashed(attempt, why, now);
  if (end == End::told_nothing) breaker.told_nothing(attempt);
}

std::vector<Supply::Tripped> Supply::tripped(Mono now) const {
  std::vector<Tripped> out;
  for (const auto& [key, group] : groups_) {
    const Breaker& breaker = group.breaker;
    if (breaker.state(now) != Breaker::State::closed)
      out.push_back({kinds_.at(key.first), breaker.state(now), breaker.crashes(), breaker.why(), breaker.until()});
  }
  return out;
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
  const auto own = groups_.find({kind, isolation});
  const KindId of = own != groups_.end() && !own->second.idle.empty() ? kind : source(kind, isolation, now);
  Group& wanted = group({of, isolation});
  Group* from = &wanted;
  if (from->idle.empty() && automatic && isolation == Isolation::fork) from = &group({of, Isolation::process});
  const auto forks = groups_.find({kind, Isolation::fork});
  const bool trial = automatic && forks != groups_.end() && forks->second.breaker.trial_is_due(now);
  if (trial) forks->second.trial.expect(1, now);
  if (from->idle.empty()) return std::nullopt;
  const WorkerIdle worker = from->idle.front();
  if (!seeded_bug("reuse_attempt_id")) from->idle.pop_front();
  from->say = wanted.say = true;
  where_.erase(worker.worker);
  if (trial && from == &forks->second) {
    forks->second.breaker.begin_trial(worker.worker);
    forks->second.trial.forget();
  }
  wanted.demand.assigned(now);
  if (is_scene({kind, isolation})) group({kind, isolation}).used = now;
  return worker;
}

// ---- warm scenes ------------------------------------------------------------------------------------------------------------------------

KindId Supply::source(KindId kind, Isolation isolation, Mono now) const {
  const KindId pristine = kinds_.pristine(kind);
  if (pristine == kind || isolation != Isolation::fork) return pristine;
  const auto found = groups_.find({kind, isolation});
  return found != groups_.end() && is_warm(found->second, now) ? kind : pristine;
}

void Supply::keep_warm(KindId kind, Micros hold, Mono now) {
  Group& scene = group({kind, Isolation::fork});
  scene.unfit_until = {};
  scene.unfit.clear();
  scene.held_until = std::max(scene.held_until, now + std::max(hold, spares_.idle));
  scene.used = now;
}

/// Nothing but who waits keeps it there any more.
void Supply::Group::let_go() {
  demand.forget();
  used.reset();
  held_until = {};
}

void Supply::cool(const std::function<bool(const Kind&)>& which) {
  for (auto& [key, group] : groups_) {
    if (is_scene(key) && which(kinds_.at(key.first))) group.let_go();
  }
}

void Supply::measured(KindId kind, Isolation isolation, std::int64_t bytes, Mono now) {
  if (!is_scene({kind, isolation})) return;
  Group& scene = group({kind, isolation});
  scene.bytes = bytes;
  if (warm_bytes_ > 0 && bytes > warm_bytes_) {
    reject(scene,
           "it takes " + std::to_string(bytes >> 20) + " MiB, and all warm scenes together may take " + std::to_string(warm_bytes_ >> 20) + " MiB (warm_bytes)",
           now);
  }
}

/// Its jobs are run by pristine workers for a while.
void Supply::reject(Group& group, const std::string& why, Mono now) {
  group.let_go();
  group.trial.forget();
  group.unfit_until = now + spares_.idle;
  group.unfit = why;
  group.say = true;
}

Supply::Warmth Supply::warmth(KindId kind, Mono now) const {
  const auto found = groups_.find({kind, Isolation::fork});
  const std::string let_go = "it was let go of before a worker had it open";
  if (found == groups_.end()) return {false, let_go};
  const Group& scene = found->second;
  return {!scene.idle.empty(), now < scene.unfit_until ? scene.unfit : is_warm(scene, now) ? "" : let_go};
}

unsigned Supply::ahead(const Key& key, const Group& group, Mono now) const {
  if (!keep_spares_) return 0;
  const bool held = group.held_until > now && proof(kinds_.at(key.first).blender).state == ForkProof::proven;
  return std::max({group.demand.ahead(now), group.trial.ahead(now), held ? 1U : 0U});
}

/// Who was not used for the longest goes first; who is waited for or held stays.
void Supply::stay_within_budget(Mono now) {
  if (warm_bytes_ == 0) return;
  std::int64_t sum = 0;
  std::vector<Group*> scenes;
  for (auto& [key, group] : groups_) {
    if (group.bytes == 0) continue;
    sum += group.bytes;
    if (group.waiting == 0 && group.held_until <= now) scenes.push_back(&group);
  }
  std::sort(scenes.begin(), scenes.end(), [](const Group* a, const Group* b) { return a->used < b->used; });
  for (Group* scene : scenes) {
    if (sum <= warm_bytes_) break;
    sum -= std::exchange(scene->bytes, 0);
    scene->let_go();
    scene->trial.forget();
  }
}

void Supply::failed(const KindFailed& news, Mono now) {
  Group& group = this->group({news.kind, news.isolation});
  if (is_scene({news.kind, news.isolation})) return reject(group, news.failure.message, now);
  group.demand.forget();  // spares nobody waits for are not worth another failure
  group.trial.forget();
  group.say = true;
  if (news.isolation == Isolation::fork) group.breaker.failed(news.failure.message, now);
}

void Supply::begin_count() {
  for (auto& [key, group] : groups_) group.waiting = 0;
}

void Supply::waits(KindId kind, Isolation isolation) { ++group({kind, isolation}).waiting; }

void Supply::say_wants(unsigned slots, Mono now, Effects& out) {
  stay_within_budget(now);
  for (auto at = groups_.begin(); at != groups_.end();) {
    auto& [key, group] = *at;
    const unsigned ahead = this->ahead(key, group, now);
    const unsigned want = group.waiting + (key.second == Isolation::process ? std::min(ahead, slots) : ahead);
    if (want != group.said || group.say) out.act(Want{key.first, key.second, want});
    group.said = want;
    group.say = false;
    if (want == 0) group.bytes = 0;  // its zygote goes
    const bool forgotten = group.demand.ahead(now) == 0 && group.trial.ahead(now) == 0 && group.breaker.idle(now) && !recently_used(group, now) &&
                           group.held_until <= now && group.unfit_until <= now;
    at = want == 0 && group.idle.empty() && forgotten ? groups_.erase(at) : std::next(at);
  }
}

std::optional<Mono> Supply::next_change(Mono now) const {
  std::optional<Mono> next;
  if (!keep_spares_) return next;
  for (const auto& [key, group] : groups_) {
    const auto held = group.held_until > now ? std::optional(group.held_until) : std::nullopt;
    for (const auto& change : {group.demand.next_change(now), group.trial.next_change(now), held}) {
      if (change && (!next || *change < *next)) next = change;
    }
  }
  return next;
}

}  // namespace offstage::core
