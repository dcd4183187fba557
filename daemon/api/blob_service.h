// SPDX-License-Identifier: Apache-2.0
//
// offstage.v1.BlobService: contents that travel apart from messages. What a call means is in proto/offstage/v1/blob_service.proto, what becomes of contents in
// store/blobs.h.
//
// Thread: gRPC's threads; see context.h for where the work goes.
#pragma once

#include "api/context.h"
#include "offstage/v1/blob_service.grpc.pb.h"

namespace offstage::api {

class BlobService final : public v1::BlobService::CallbackService {
 public:
  explicit BlobService(Context& context) : context_(context) {}

 private:
  using Call = grpc::CallbackServerContext;

  grpc::ServerUnaryReactor* FindMissingBlobs(Call* call, const v1::FindMissingBlobsRequest* request, v1::FindMissingBlobsResponse* response) override;
  grpc::ServerReadReactor<v1::WriteBlobRequest>* WriteBlob(Call* call, v1::WriteBlobResponse* response) override;
  grpc::ServerUnaryReactor* QueryWrite(Call* call, const v1::QueryWriteRequest* request, v1::QueryWriteResponse* response) override;
  grpc::ServerWriteReactor<v1::ReadBlobResponse>* ReadBlob(Call* call, const v1::ReadBlobRequest* request) override;

  Context& context_;
};

}  // namespace offstage::api
