// SPDX-License-Identifier: Apache-2.0
//
// A job's warnings in words: what is not as it should be, and once for all of a kind, what to do.
//
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include <offstage/job.h>

namespace offstage::cli {

/// "" if there are none. At most ten of a code are shown; the rest is counted.
std::string warnings_text(const std::vector<Warning>& warnings);

}  // namespace offstage::cli
