// SPDX-License-Identifier: Apache-2.0
//
// ReadBundle: the bundle, packed at the first step and sent in pieces.
//
// Thread: as Stream; fields belong to step().
#pragma once

#include "api/stream.h"
#include "offstage/v1/job_service.pb.h"

namespace offstage::api {

class BundleStream final : public Stream<v1::ReadBundleResponse> {
 public:
  BundleStream(Context& context, const v1::ReadBundleRequest& request) : Stream(context), request_(request) {}

 private:
  Step step(v1::ReadBundleResponse& response) override;
  Status pack();

  const v1::ReadBundleRequest request_;
  std::string file_name_;
  std::string bytes_;
  std::size_t sent_ = 0;
};

}  // namespace offstage::api
