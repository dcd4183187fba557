// SPDX-License-Identifier: Apache-2.0
//
// What happens in a history, in words: for whoever replays one.
#pragma once

#include <string>

#include "core/changes.h"
#include "scenario/crew.h"

namespace offstage::scenario {

std::string tell(const core::Change& change);
std::string tell(const core::Job& job);
std::string tell(const Crew::News& news);
std::string tell(Crew::Order order);

/// The first digits of an id: enough for people.
template <class IdType>
std::string brief(const IdType& id) {
  return id.hex().substr(0, 4);
}

}  // namespace offstage::scenario
