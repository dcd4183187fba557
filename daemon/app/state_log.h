// SPDX-License-Identifier: Apache-2.0
//
// One log line for each change of a job's or an attempt's state, with the ids. It stands before the committer, where every change passes, so that the core
// itself needs no log.
//
// Thread: the core strand.
#pragma once

#include "core/ports.h"

namespace offstage::app {

class StateLog : public core::CommitPort {
 public:
  explicit StateLog(core::CommitPort& next) : next_(next) {}
  void submit(core::Batch batch) override;
  bool full() const override { return next_.full(); }

 private:
  core::CommitPort& next_;
};

/// The lines of one batch: what StateLog logs.
std::vector<std::string> state_lines(const core::Batch& batch);

}  // namespace offstage::app
