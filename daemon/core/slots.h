// SPDX-License-Identifier: Apache-2.0
//
// How many jobs run at a time. There is one slot more than `total`, and only interactive jobs may take the last one: a person who waits never waits for a farm.
//
// A job that asks for more cpus than there are slots (they may have been lowered since its submit) takes all of them, so that it runs alone instead of never.
//
// Thread: the core strand.
#pragma once

#include <algorithm>

#include "core/model.h"

namespace offstage::core {

class Slots {
 public:
  explicit Slots(unsigned total) : total_(std::max(1U, total)) {}

  unsigned need(const Job& job) const { return std::clamp(job.cpus, 1U, total_); }
  bool fits(const Job& job) const { return used_ + need(job) <= total_ + (interactive(job) ? 1 : 0); }
  void take(unsigned slots) { used_ += slots; }
  void give_back(unsigned slots) { used_ -= slots; }
  void resize(unsigned total) { total_ = std::max(1U, total); }

  unsigned total() const { return total_; }
  unsigned used() const { return used_; }

 private:
  unsigned total_, used_ = 0;
};

}  // namespace offstage::core
