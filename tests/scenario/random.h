// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that are the same on each machine for a seed (the standard's distributions are not).
#pragma once

#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>

#include "base/ids.h"

namespace offstage::scenario {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class IdType>
  IdType id() {
    IdType id;
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(below(256));
    return id;
  }

 private:
  std::mt19937_64 engine_;
};

/// A promise of the design was broken.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline void require(bool kept, const std::string& promise) {
  if (!kept) throw Broken(promise);
}

}  // namespace offstage::scenario
