// SPDX-License-Identifier: Apache-2.0
//
// ReadLog: one attempt's log, or, with follow and a job's name, that of each attempt as it comes.
//
// Thread: as Stream; fields belong to step().
#pragma once

#include "api/follow_stream.h"
#include "api/log_file.h"
#include "offstage/v1/job_service.pb.h"

namespace offstage::api {

class LogStream final : public FollowStream<v1::ReadLogResponse> {
 public:
  LogStream(Context& context, const v1::ReadLogRequest& request) : FollowStream(context, request.name(), request.offset(), request.follow()) {}

 private:
  Status take(const store::AttemptRow& attempt) override;
  bool read(v1::ReadLogResponse& response) override;

  LogFile file_;
};

}  // namespace offstage::api
