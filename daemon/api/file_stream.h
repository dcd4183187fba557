// SPDX-License-Identifier: Apache-2.0
//
// ReadFile: the content of one listed file. One that looks as it did when it was hashed must look so at the end, too; another one is hashed, if it is read
// whole, and compared before the last bytes leave. So a reader who cannot hash gets nothing that somebody has changed; whoever distrusts the disk hashes.
//
// Thread: as Stream; fields belong to step().
#pragma once

#include <optional>

#include "api/stream.h"
#include "base/sha256.h"
#include "base/unique_fd.h"
#include "offstage/v1/job_service.pb.h"
#include "pool/manifest.h"

namespace offstage::api {

class FileStream final : public Stream<v1::ReadFileResponse> {
 public:
  FileStream(Context& context, const v1::ReadFileRequest& request) : Stream(context), request_(request) {}

 private:
  Step step(v1::ReadFileResponse& response) override;
  Status open();

  const v1::ReadFileRequest request_;
  pool::ResultFile file_;
  UniqueFd fd_;
  std::int64_t offset_ = 0, end_ = 0;
  bool ended_ = false;
  bool as_listed_ = false;              // it was when it was opened
  std::optional<Sha256Hasher> hasher_;  // where it is not, and is read whole
};

}  // namespace offstage::api
