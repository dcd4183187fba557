// SPDX-License-Identifier: Apache-2.0
//
// Why a job did not succeed, as `offstage show` begins: what happened, to what, what to do; then what its process left to read.
#pragma once

#include <string>
#include <vector>

#include <offstage/job.h>

namespace offstage::cli {

/// Of a failed or cancelled job; empty for others. `attempts`: the oldest first. Harmless on a terminal.
std::string failure_text(const Job& job, const std::vector<Attempt>& attempts);

}  // namespace offstage::cli
