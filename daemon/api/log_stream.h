// SPDX-License-Identifier: Apache-2.0
//
// ReadLog: one attempt's log, or, with follow and a job's name, that of each attempt as it comes.
//
// Thread: as Stream; fields belong to step().
#pragma once

#include <optional>

#include "api/log_file.h"
#include "api/names.h"
#include "api/stream.h"
#include "offstage/v1/job_service.pb.h"

namespace offstage::api {

class LogStream final : public Stream<v1::ReadLogResponse> {
 public:
  LogStream(Context& context, const v1::ReadLogRequest& request) : Stream(context), request_(request) {}

 private:
  Step step(v1::ReadLogResponse& response) override;
  Status start();
  /// The next attempt to read; false: there is none yet.
  bool next_attempt();
  Status take(const store::AttemptRow& attempt);
  Step at_end();

  const v1::ReadLogRequest request_;
  bool started_ = false;
  AttemptName name_;
  std::unique_ptr<WatchHub::Named> changes_;  // only when following
  std::optional<store::AttemptRow> attempt_;  // the one that is read
  LogFile file_;
  std::int64_t offset_ = 0;
};

}  // namespace offstage::api
