// SPDX-License-Identifier: Apache-2.0
//
// Which histories are to be run, as the environment says: OFFSTAGE_SEEDS=N of them from OFFSTAGE_FIRST_SEED (1) on, or the one of OFFSTAGE_SEED.
#pragma once

#include <cstdlib>

namespace offstage::scenario {

inline unsigned long number_of(const char* variable, unsigned long otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoul(text, nullptr, 10) : otherwise;
}

struct Seeds {
  unsigned long first = number_of("OFFSTAGE_FIRST_SEED", 1);
  unsigned long end = first + number_of("OFFSTAGE_SEEDS", 20'000);
  unsigned long only = number_of("OFFSTAGE_SEED", 0);
};

}  // namespace offstage::scenario
