// SPDX-License-Identifier: Apache-2.0
//
// Reads a job's log whole, whatever breaks: each byte once, attempt after attempt.
//
// The first stream reads the job. After a break the place is (attempt, offset): that attempt is read to its end by name, then those that came after it, in
// order; a job-wide read would apply the old offset to a newer attempt's log.
//
// Thread: one.
#pragma once

#include "retry.h"

namespace offstage::inline client {

class LogReader {
 public:
  LogReader(const Link& link, LogRequest request, const OnLog& on_chunk, std::stop_token stop)
      : link_(link), request_(std::move(request)), on_chunk_(on_chunk), stop_(std::move(stop)) {}

  Status run();

 private:
  Status read(const std::function<void()>& alive);
  /// The attempt that was being read has ended: the next one's name, or Done's empty string if none will come.
  Result<std::string> next_attempt();

  const Link& link_;
  const LogRequest request_;
  const OnLog& on_chunk_;
  const std::stop_token stop_;
  std::string attempt_;      // that is being read; empty: not known yet
  std::int64_t offset_ = 0;  // in it
  bool wanted_ = true;
};

}  // namespace offstage::inline client
