// SPDX-License-Identifier: Apache-2.0
#include "scenario/history.h"

#include <array>
#include <iterator>
#include <ostream>

namespace offstage::scenario {

using namespace std::chrono_literals;
using core::bit;
using core::Isolation;
using core::Reason;

namespace {

core::SchedulerOptions some_options(Choice& choice) {
  core::SchedulerOptions options;
  options.slots = static_cast<unsigned>(1 + choice.below(4));
  options.max_spares = static_cast<unsigned>(choice.below(4));
  options.queue_length = 30;
  options.gpus = {"0", "1", "2"};
  options.default_blender = choice.chance(50) ? "a" : "";
  return options;
}

const char* some_blender(Choice& choice) { return choice.chance(50) ? "a" : "b"; }

}  // namespace

struct History::Act {
  const char* name;
  std::uint64_t often;
  bool always;  // in each history
  void (*happen)(History&, World&, Random&);
};

const std::vector<History::Act>& History::acts() {
  static const std::vector<Act> all{
      // clients
      {"submit", 3, true,
       [](History& h, World& w, Random& r) {
         std::vector<core::NewJob> batch;
         for (std::uint64_t n = 1 + r.below(3); n > 0; --n) batch.push_back(h.a_job());
         w.submit(std::move(batch));
       }},
      {"repeat a submit", 2, false,
       [](History& h, World& w, Random& r) {
         if (const JobId id = h.some_job(); !id.is_zero()) w.repeat(id, r.chance(30));
       }},
      {"cancel", 2, false, [](History& h, World& w, Random&) { w.cancel(h.some_job()); }},
      {"update", 3, false,
       [](History& h, World& w, Random& r) {
         core::JobChange change{h.some_job(), {}, {}, {}, {}};
         if (r.chance(50)) change.priority = static_cast<std::int16_t>(r.below(120));
         if (r.chance(50)) change.held = r.chance(40);
         if (r.chance(40)) change.labels_json = std::to_string(r.below(1000));
         if (r.chance(20)) change.etag = r.below(50);
         w.update(change);
       }},
      {"retry", 3, false, [](History& h, World& w, Random&) { w.retry(h.some_job()); }},
      {"remove", 2, false, [](History& h, World& w, Random& r) { w.remove(h.some_job(), r.chance(60)); }},
      {"watch", 3, false, [](History&, World& w, Random& r) { w.watch(1 + r.below(20)); }},
      {"remember the cursor", 1, false, [](History&, World& w, Random&) { w.mark(); }},
      {"go on from an old cursor", 1, false, [](History&, World& w, Random&) { w.resume(); }},
      // the daemon
      {"sync", 6, true, [](History&, World& w, Random& r) { w.commit(1 + r.below(3)); }},
      {"tell what is durable", 8, true,
       [](History&, World& w, Random& r) {
         for (std::uint64_t n = 1 + r.below(3); n > 0; --n) w.tell_durable();
       }},
      {"kill the daemon", 1, false,
       [](History&, World& w, Random& r) {
         if (r.chance(40)) w.kill_daemon();
       }},
      {"cut the power", 1, false,
       [](History&, World& w, Random& r) {
         if (r.chance(20)) w.cut_power();
       }},
      {"pass time", 2, true, [](History&, World& w, Random& r) { w.pass_time(std::chrono::milliseconds(r.below(400))); }},
      {"pass time to the next deadline", 1, false, [](History&, World& w, Random&) { w.to_next_deadline(); }},
      {"set the clock", 1, false, [](History&, World& w, Random& r) { w.set_clock(std::chrono::seconds(static_cast<int>(r.below(7200)) - 3600)); }},
      {"set slots", 1, false, [](History&, World& w, Random& r) { w.set_slots(static_cast<unsigned>(1 + r.below(5))); }},
      {"drain", 1, false, [](History&, World& w, Random& r) { w.set_draining(r.chance(30)); }},
      {"the disk", 1, false, [](History&, World& w, Random& r) { w.set_disk_low(r.chance(40)); }},
      {"look for what has expired", 1, false, [](History&, World& w, Random& r) { w.look_for_expired(1 + r.below(4)); }},
      {"expire", 1, false, [](History&, World& w, Random&) { w.expire(); }},
      {"prove", 1, false, [](History&, World& w, Random& r) { w.prove(some_blender(r), static_cast<core::ForkProof>(1 + r.below(3))); }},
      {"memory", 1, false, [](History&, World& w, Random& r) { w.apply(core::MemoryShort{r.chance(30)}); }},
      {"a kind fails", 1, false,
       [](History&, World& w, Random& r) {
         const core::KindId kind = w.scheduler().kinds().find({some_blender(r), {}});
         const Isolation isolation = r.chance(50) ? Isolation::fork : Isolation::process;
         if (kind != 0 && r.chance(10)) w.apply(core::KindFailed{kind, isolation, {Reason::blender_unavailable, "broken", "", {}, {}}});
       }},
      // the crew
      {"news", 10, true,
       [](History&, World& w, Random& r) {
         for (std::uint64_t n = 1 + r.below(4); n > 0; --n) w.deliver_one();
       }},
      {"old news again", 1, false, [](History&, World& w, Random&) { w.repeat_old_news(); }},
      {"live", 28, true,
       [](History&, World& w, Random& r) {
         for (std::uint64_t n = 1 + r.below(6); n > 0; --n) w.crew().live(r);
       }},
      {"lie", 1, false,
       [](History&, World& w, Random& r) {
         auto& workers = w.crew().workers;
         if (!workers.empty()) w.crew().lie(std::next(workers.begin(), static_cast<long>(r.below(workers.size())))->second);
       }},
      {"a keeper dies", 1, false,
       [](History&, World& w, Random& r) {
         if (r.chance(30)) w.crew().lose_keeper(static_cast<unsigned>(r.below(12)));
       }},
  };
  return all;
}

History::History(std::uint64_t seed, std::ostream* trace)
    : random_(seed), trace_(trace), world_(random_, some_options(random_), trace), steps_(static_cast<unsigned>(60 + random_.below(300))) {
  static constexpr std::array<unsigned, 4> percent{0, 0, 1, 4};
  world_.crew().mortality = percent.at(random_.below(percent.size()));
  for (std::size_t n = 0; n < acts().size(); ++n) {
    const Act& act = acts()[n];
    const std::uint64_t times = act.always ? 1 + random_.below(4) : random_.below(4);
    draw_.insert(draw_.end(), act.often * times, n);
  }
}

core::NewJob History::a_job() {
  core::NewJob submit;
  core::Job& job = submit.job;
  job.id = random_.id<JobId>();
  job.request_hash[0] = static_cast<std::uint8_t>(random_.below(256));
  job.isolation = static_cast<Isolation>(1 + random_.below(3));
  job.held = random_.chance(10);
  job.priority = static_cast<std::int16_t>(random_.chance(20) ? 100 + random_.below(3) : random_.below(3));
  job.cpus = random_.chance(20) ? static_cast<std::uint32_t>(1 + random_.below(4)) : 0;
  job.max_attempts = static_cast<std::uint8_t>(1 + random_.below(3));
  if (random_.chance(60)) job.retry_on = bit(Reason::crashed) | bit(Reason::timed_out) | bit(Reason::lost);
  if (random_.chance(40)) job.retry_on |= bit(Reason::script_error) | bit(Reason::exit_code);
  if (random_.chance(15)) job.timeouts.queue = 20s;
  if (random_.chance(15)) job.timeouts.start = 5s;
  if (random_.chance(30)) job.timeouts.run = 4s;
  if (random_.chance(20)) job.timeouts.progress = 3s;
  if (random_.chance(20)) job.timeouts.cancel_grace = 0s;
  submit.kind.blender = random_.chance(60) ? "a" : "b";
  if (random_.chance(25)) {
    job.gpus = static_cast<std::uint8_t>(1 + random_.below(3));
    submit.kind.load = "gpus " + std::to_string(job.gpus);
  }
  submit.labels_json = "{}";
  static const auto spec = std::make_shared<const std::string>("spec");
  submit.spec = spec;
  return submit;
}

JobId History::some_job() {
  const auto& submitted = world_.submitted();
  if (submitted.empty()) return {};
  return std::next(submitted.begin(), static_cast<long>(random_.below(submitted.size())))->first;
}

void History::run() {
  for (unsigned n = 0; n < steps_; ++n) {
    const Act& act = acts()[draw_[random_.below(draw_.size())]];
    if (trace_) *trace_ << n << ": " << act.name << '\n';
    act.happen(*this, world_, random_);
    world_.check();
  }
  if (trace_) *trace_ << "the faults stop\n";
  world_.calm_down();
}

}  // namespace offstage::scenario
