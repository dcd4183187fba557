// SPDX-License-Identifier: Apache-2.0
//
// ReadBlob: a blob, or a part of one. A whole one is hashed as it goes, and its last chunk is only sent if it is what its name says.
//
// Thread: as Stream; fields belong to step().
#pragma once

#include "api/stream.h"
#include "offstage/v1/blob_service.pb.h"
#include "store/blobs.h"

namespace offstage::api {

class BlobStream final : public Stream<v1::ReadBlobResponse> {
 public:
  BlobStream(Context& context, const v1::ReadBlobRequest& request) : Stream(context), request_(request) {}

 private:
  Step step(v1::ReadBlobResponse& response) override;
  Status start();

  const v1::ReadBlobRequest request_;
  Sha256 name_;
  store::Blobs::Readable blob_;
  bool whole_ = false;
  Sha256Hasher hasher_;
  std::int64_t offset_ = 0, end_ = 0;
};

}  // namespace offstage::api
