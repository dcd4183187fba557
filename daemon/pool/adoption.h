// SPDX-License-Identifier: Apache-2.0
//
// After a restart: what an earlier daemon left is either adopted or killed, before anything is served.
//
// Alive, by pidfd and start time: adopted, with the keeper that is its parent. Dead: the outcome file, the page and the exit record say what became of it.
// Whatever else carries our OFFSTAGE_STATE_ID belongs to attempts that are over.
//
// Thread: the core strand; blocks for at most about 2 s, at start only. News is posted, not called from within.
#pragma once

#include <functional>
#include <vector>

#include "pool/fleet.h"

namespace offstage::pool {

void adopt_all(Context& context, Fleet& fleet, AttemptSink& sink, const std::vector<core::OpenAttempt>& open,
               const std::function<void(std::function<void()>)>& post);

}  // namespace offstage::pool
