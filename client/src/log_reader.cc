// SPDX-License-Identifier: Apache-2.0
#include "log_reader.h"

#include <algorithm>

namespace offstage::inline client {
namespace {

constexpr std::chrono::milliseconds look_for_next_attempt{200};
bool names_attempt(const std::string& name) { return name.find("/attempts/") != std::string::npos; }

}  // namespace

Status LogReader::run() {
  offset_ = request_.offset;
  if (names_attempt(request_.name)) attempt_ = request_.name;
  bool resumed = false;
  Status status = with_resume(
      link_,
      [&](const std::function<void()>& alive) -> Status {
        if (std::exchange(resumed, true) == false || attempt_.empty()) return read(alive);
        while (true) {
          if (Status ended = read(alive); !ended) return ended;
          if (names_attempt(request_.name)) return Done{};
          auto next = next_attempt();
          if (!next) return next.error();
          if (next->empty()) return Done{};
          attempt_ = *next;
          offset_ = 0;
        }
      },
      stop_);
  if (!wanted_) return Done{};
  return status;
}

Status LogReader::read(const std::function<void()>& alive) {
  const std::string name = attempt_.empty() ? request_.name : attempt_;
  Status ended = link_.connection->read_log(
      {.name = name, .offset = offset_, .follow = request_.follow},
      [&](const LogChunk& chunk) {
        alive();
        attempt_ = chunk.attempt;
        offset_ = chunk.offset + static_cast<std::int64_t>(chunk.data.size()) + chunk.dropped;
        wanted_ = on_chunk_(chunk);
        return wanted_;
      },
      stop_);
  if (!wanted_) return stopped();
  return ended;
}

Result<std::string> LogReader::next_attempt() {
  const auto deadline = [&] { return std::chrono::steady_clock::now() + link_.options.call_deadline; };
  while (true) {
    // Looked at before the attempts: an ended job gets no more of them.
    auto job = link_.connection->get_job(request_.name, deadline());
    if (!job) return job.error();
    auto attempts = link_.connection->list_attempts(request_.name, deadline());
    if (!attempts) return attempts.error();
    const auto current = std::ranges::find(*attempts, attempt_, &Attempt::name);
    if (current != attempts->end() && current + 1 != attempts->end()) return (current + 1)->name;
    if (ended(job->state) || !request_.follow) return std::string();
    if (!sleep_for(look_for_next_attempt, stop_)) return stopped();
  }
}

}  // namespace offstage::inline client
