// SPDX-License-Identifier: Apache-2.0
//
// What lies in the state folder and belongs to nothing: folders of attempts that neither a row nor a process explains, old logs of keepers, and what is still
// in trash/. A start removes it without a word; `offstage gc` tells, and removes what has gathered since.
//
// Thread: begun on the core strand; looks in the background.
#pragma once

#include <functional>
#include <vector>

#include "pool/fleet.h"

namespace offstage::pool {

/// At a start: folders below attempts/ that were there before `known` was read, and that no attempt owns, are removed in the background; so are old logs of
/// keepers, and their folders as soon as nobody has a scene open from there.
void remove_leftovers(Context& context, const std::shared_ptr<bool>& alive, const std::vector<AttemptId>& known, const std::vector<core::OpenAttempt>& open);

/// Later: `known` is asked after the folders were listed and the fleet was looked at, so that an attempt that has just begun or ended is in one of the two.
void find_leftovers(Context& context, Fleet& fleet, const std::shared_ptr<bool>& alive, KnownAttempts known, bool remove,
                    std::function<void(std::vector<Leftover>)> done);

}  // namespace offstage::pool
