// SPDX-License-Identifier: Apache-2.0
//
// WatchFiles: the list of an attempt's files, line by line as it grows.
//
// Thread: as Stream; fields belong to step().
#pragma once

#include "api/follow_stream.h"
#include "api/log_file.h"
#include "offstage/v1/job_service.pb.h"

namespace offstage::api {

class FilesStream final : public FollowStream<v1::WatchFilesResponse> {
 public:
  FilesStream(Context& context, const v1::WatchFilesRequest& request) : FollowStream(context, request.name(), request.offset(), true) {}

 private:
  Status take(const store::AttemptRow& attempt) override;
  bool read(v1::WatchFilesResponse& response) override;

  LogFile manifest_;
  std::string buffer_;  // from offset_ on: what was read of it
};

}  // namespace offstage::api
