// SPDX-License-Identifier: Apache-2.0
//
// Who cancelled a job, as its row keeps it: a Failure without a reason. It waits in the attempt's row until the job has ended, so a restart forgets nothing.
#pragma once

#include <string>

#include "core/model.h"

namespace offstage::core {

/// `by` as the client said it; empty: nobody knows, and nothing is kept.
inline Failure cancelled_by(const std::string& by) {
  if (by.empty()) return {};
  return {Reason::none, "cancelled by " + by, {}, {{"by", by}}, {}};
}

}  // namespace offstage::core
