// SPDX-License-Identifier: Apache-2.0
//
// A random history: a world, and what happens in it, all from one seed.
//
// How often each thing happens is drawn for each history anew, many things not at all: a history without cancels goes where one with them never comes.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <vector>

#include "scenario/world.h"

namespace offstage::scenario {

class History {
 public:
  /// `trace`: where to tell what happens, or null.
  explicit History(std::uint64_t seed, std::ostream* trace = nullptr);
  /// Throws Broken.
  void run();
  const World& world() const { return world_; }

 private:
  struct Act;
  static const std::vector<Act>& acts();
  core::NewJob a_job();
  JobId some_job();

  Random random_;
  std::ostream* trace_;
  World world_;
  std::vector<std::size_t> draw_;  // each act as often as it is likely
  unsigned steps_;
};

}  // namespace offstage::scenario
