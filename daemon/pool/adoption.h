// SPDX-License-Identifier: Apache-2.0
//
// After a restart: what an earlier daemon left is either adopted or killed, before anything is served.
//
// Alive, by pidfd and start time: adopted, with the keeper that is its parent. Dead: the outcome file, the page and the exit record say what became of it (its
// result files are delivered now, if they were not before). Whatever else carries our OFFSTAGE_STATE_ID belongs to attempts that are over.
//
// Thread: the core strand; blocks for at most about 2 s, at start only. News is posted, not called from within.
#pragma once

#include <functional>
#include <vector>

#include "pool/fleet.h"

namespace offstage::pool {

/// Runs something on the core strand later, unless the pool is gone; any thread.
using Post = std::function<void(std::function<void()>)>;

void adopt_all(Context& context, Fleet& fleet, AttemptSink& sink, const std::vector<core::OpenAttempt>& open, const Post& post);

}  // namespace offstage::pool
