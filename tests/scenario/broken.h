// SPDX-License-Identifier: Apache-2.0
//
// How a history says that the design has not kept a promise.
#pragma once

#include <stdexcept>

namespace offstage::scenario {

struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool kept, const char* promise) {
  if (!kept) throw Broken(promise);
}

}  // namespace offstage::scenario
