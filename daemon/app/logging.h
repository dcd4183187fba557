// SPDX-License-Identifier: Apache-2.0
//
// Where log lines go: standard error or a file; the journal stamps the time itself.
//
// Thread: start-up; spdlog's own calls are safe from any.
#pragma once

#include "app/options.h"

namespace offstage::app {

/// Errors: LOG_FILE_UNUSABLE.
Status start_logging(const Options& options, const Environment& environment);

}  // namespace offstage::app
