// SPDX-License-Identifier: Apache-2.0
#include "scenario/tell.h"

#include <array>

namespace offstage::scenario {
namespace {

using std::to_string;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

const char* name(core::JobState state) {
  static constexpr std::array names{"?", "HELD", "BLOCKED", "QUEUED", "RUNNING", "CANCELLING", "SUCCEEDED", "FAILED", "CANCELLED"};
  return names.at(static_cast<std::size_t>(state));
}

const char* name(core::AttemptState state) {
  static constexpr std::array names{"?", "STARTING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"};
  return names.at(static_cast<std::size_t>(state));
}

std::string reason(const core::Failure& failure) {
  return failure.reason == core::Reason::none ? "" : " reason " + to_string(static_cast<int>(failure.reason));
}

std::string row(JobId id, core::Revision revision, core::JobState state, unsigned attempts, unsigned most) {
  return "job " + brief(id) + " r" + to_string(revision) + ' ' + name(state) + ' ' + to_string(attempts) + '/' + to_string(most);
}

}  // namespace

std::string tell(const core::Change& change) {
  return std::visit(Overloaded{[](const core::JobInsert& r) { return "new " + tell(r.job); },
                               [](const core::JobUpdate& r) { return row(r.id, r.revision, r.state, r.attempts, r.max_attempts) + reason(r.failure); },
                               [](const core::LabelsUpdate& r) { return "job " + brief(r.id) + " r" + to_string(r.revision) + " labels " + r.labels_json; },
                               [](const core::JobDelete& r) { return "job " + brief(r.id) + " r" + to_string(r.revision) + " deleted"; },
                               [](const core::AttemptWrite& r) {
                                 return "attempt " + brief(r.id) + " of " + brief(r.job) + " #" + to_string(r.number) + ' ' + name(r.state) + reason(r.failure);
                               },
                               [](const core::AttemptDelete& r) { return "attempt " + brief(r.id) + " taken back"; },
                               [](const core::FolderSize& r) { return "attempt " + brief(r.id) + " left " + to_string(r.bytes) + " bytes"; }},
                    change);
}

std::string tell(const core::Job& job) {
  return row(job.id, job.revision, job.state, job.attempts, job.max_attempts) + " priority " + to_string(job.priority) + " isolation " +
         to_string(static_cast<int>(job.isolation));
}

std::string tell(const Crew::News& news) {
  return std::visit(Overloaded{[](const core::WorkerIdle& n) { return "worker " + brief(n.worker) + " idle"; },
                               [](const core::WorkerGone& n) { return "worker " + brief(n.worker) + " gone"; },
                               [](const core::AttemptStarted& n) { return "attempt " + brief(n.attempt) + " started"; },
                               [](const core::AttemptEnded& n) { return "attempt " + brief(n.attempt) + " ended " + name(n.outcome.state); },
                               [](const core::AttemptGone& n) { return "attempt " + brief(n.attempt) + " gone"; },
                               [](const core::AttemptProgressed& n) { return "attempt " + brief(n.attempt) + " progressed"; }},
                    news);
}

std::string tell(Crew::Order order) {
  static constexpr std::array names{"GO", "flag", "SIGTERM", "SIGKILL"};
  return names.at(static_cast<std::size_t>(order));
}

}  // namespace offstage::scenario
