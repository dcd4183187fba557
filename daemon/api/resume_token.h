// SPDX-License-Identifier: Apache-2.0
//
// WatchJobs' resume tokens: which store, and where in its order of changes. A token of another store is well formed and means nothing here: RESET.
//
// Thread: any; pure functions.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "core/model.h"

namespace offstage::api {

std::string resume_token(const std::string& state_id, core::Revision cursor);

/// Nothing: of another store. Errors: BAD_RESUME_TOKEN.
Result<std::optional<core::Revision>> parse_resume_token(const std::string& token, const std::string& state_id);

}  // namespace offstage::api
