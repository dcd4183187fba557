// SPDX-License-Identifier: Apache-2.0
#include "pool/settlement.h"

#include "base/faults.h"
#include "offstage/v1/job.pb.h"
#include "pool/delivery.h"
#include "pool/manifest.h"

namespace offstage::pool {
namespace {

core::Outcome failed(core::Outcome outcome, core::Failure why) {
  outcome.state = core::AttemptState::failed;
  outcome.failure = std::move(why);
  outcome.value_json.clear();
  return outcome;
}

}  // namespace

core::Outcome Settlement::settle(core::Outcome outcome) const {
  crash_point("pool.before_files_are_checked");
  const auto manifest = check_files(folder, outcome.files);
  if (!manifest) {
    const Error& error = manifest.error();
    return failed(std::move(outcome), {core::Reason::result_invalid,
                                       "the result files are not what the script left: " + error.message,
                                       "something changed them while the job ended (a process that the script had started?): let the script wait for it",
                                       error.fields,
                                       {}});
  }
  const auto bytes = spec(job);
  v1::JobSpec asked;
  if (bytes) asked.ParseFromString(*bytes);
  const std::string& target = asked.deliver_to();
  if (target.empty()) return outcome;
  core::Failure why;
  switch (deliver({folder, attempt, target}, *manifest, *stop, why)) {
    case Delivered::failed:
      return failed(std::move(outcome), std::move(why));
    case Delivered::stopped:
      outcome.state = core::AttemptState::cancelled;
      return outcome;
    case Delivered::all:
      return outcome;
  }
  return outcome;
}

}  // namespace offstage::pool
