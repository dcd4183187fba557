// SPDX-License-Identifier: Apache-2.0
//
// The subset of AIP-160 that ListJobs and WatchJobs understand: restrictions joined by AND. See ListJobsRequest.filter.
//
// Thread: any; pure function.
#pragma once

#include <string_view>

#include "base/result.h"
#include "store/rows.h"

namespace offstage::api {

/// Errors: BAD_FILTER, with the position in the message.
Result<store::Filter> parse_filter(std::string_view text);

}  // namespace offstage::api
