// SPDX-License-Identifier: Apache-2.0
//
// Ended jobs that nobody keeps any longer. Which ones is the caller's to say, who has looked into the store; that look is a little old, so what has happened
// to a job since decides here.
#include "core/scheduler.h"

namespace offstage::core {

Revision Scheduler::expire(const std::vector<EndedJob>& jobs, Now now, Effects& out) {
  for (const EndedJob& job : jobs) {
    if (jobs_.find(job.id) != nullptr || deletes_.contains(job.id) || has_attempt(job.id)) continue;  // it lives again, or something of it does
    if (const auto* recent = recent_.find(job.id); recent && (recent->deleted || recent->job.revision != job.revision)) continue;
    deletes_[job.id] = job.attempts;
    erase_row(job.id, now, out);
  }
  out.urgent = false;  // nobody waits
  settle(now, out);
  return last_;
}

}  // namespace offstage::core
