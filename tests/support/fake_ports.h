// SPDX-License-Identifier: Apache-2.0
//
// Fakes of what the core asks of others: they write down what was asked, and do nothing by themselves.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/ports.h"

namespace offstage::fakes {

struct Store : core::CommitPort {
  std::vector<core::Batch> batches;
  bool is_full = false;
  void submit(core::Batch batch) override { batches.push_back(std::move(batch)); }
  bool full() const override { return is_full; }
};

/// `said` reads like a script of what the pool was told: "prepare 01", "go 01", … with the first byte of the attempt's id.
struct Pool : core::PoolPort {
  std::vector<std::string> said;
  std::map<std::pair<core::KindId, core::Isolation>, unsigned> wanted;
  std::vector<core::Assignment> prepared;

  void want(core::KindId kind, const core::Kind&, core::Isolation isolation, unsigned idle) override { wanted[{kind, isolation}] = idle; }
  void prepare(const core::Assignment& assignment) override {
    prepared.push_back(assignment);
    say("prepare", assignment.attempt);
  }
  void go(AttemptId attempt) override { say("go", attempt); }
  void raise_flag(AttemptId attempt, int why) override { say(why == 1 ? "flag cancelled" : "flag timed out", attempt); }
  void terminate(AttemptId attempt) override { say("terminate", attempt); }
  void kill(AttemptId attempt) override { say("kill", attempt); }
  void forget(AttemptId attempt) override { say("forget", attempt); }

  std::vector<std::string> take() { return std::exchange(said, {}); }

 private:
  void say(const std::string& what, const AttemptId& attempt) { said.push_back(what + " " + attempt.hex().substr(0, 2)); }
};

struct Watch : core::WatchPort {
  std::vector<std::vector<JobId>> seen;
  void changed(std::span<const JobId> jobs, core::Revision) override { seen.emplace_back(jobs.begin(), jobs.end()); }
};

}  // namespace offstage::fakes
