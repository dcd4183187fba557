// SPDX-License-Identifier: Apache-2.0
//
// Ended jobs that nobody keeps any longer. Which ones is the caller's to say, who has looked into the store; that look is a little old, so what has happened
// to a job since decides here.
#include "base/faults.h"
#include "core/scheduler.h"

namespace offstage::core {

Revision Scheduler::expire(const std::vector<EndedJob>& jobs, Now now, Effects& out) {
  const auto as_it_was = [this](const EndedJob& job) {
    if (jobs_.find(job.id) != nullptr || deletes_.contains(job.id) || has_attempt(job.id)) return false;  // it lives again, or something of it does
    const auto* recent = recent_.find(job.id);
    return recent == nullptr || (!recent->deleted && recent->job.revision == job.revision);
  };
  for (const EndedJob& job : jobs) {
    if (!as_it_was(job) && !seeded_bug("expire_as_read")) continue;
    deletes_[job.id] = job.attempts;
    erase_row(job.id, now, out);
  }
  out.urgent = false;  // nobody waits
  settle(now, out);
  return last_;
}

}  // namespace offstage::core
