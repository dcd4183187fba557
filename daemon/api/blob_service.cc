// SPDX-License-Identifier: Apache-2.0
#include "api/blob_service.h"

#include "api/blob_stream.h"
#include "api/blob_write.h"
#include "api/limits.h"
#include "api/names.h"

namespace offstage::api {

grpc::ServerUnaryReactor* BlobService::FindMissingBlobs(Call* call, const v1::FindMissingBlobsRequest* request, v1::FindMissingBlobsResponse* response) {
  return context_.answer(call, [this, request, response]() -> Status {
    if (request->blobs_size() > kFindBlobs) {
      return Error{Code::invalid_argument, "TOO_MANY_BLOBS",
                   "there are " + std::to_string(request->blobs_size()) + " blobs, and at most " + std::to_string(kFindBlobs) + " are allowed",
                   "ask in several calls", "blobs"};
    }
    for (int i = 0; i < request->blobs_size(); ++i) {
      const auto name = parse_blob(request->blobs(i), "blobs[" + std::to_string(i) + "]");
      if (!name) return name.error();
      if (!context_.store.contents().blobs.touch(*name)) response->add_missing(request->blobs(i));
    }
    return Done{};
  });
}

grpc::ServerReadReactor<v1::WriteBlobRequest>* BlobService::WriteBlob(Call*, v1::WriteBlobResponse* response) {
  return BlobWrite::run(std::make_shared<BlobWrite>(context_, *response));
}

grpc::ServerUnaryReactor* BlobService::QueryWrite(Call* call, const v1::QueryWriteRequest* request, v1::QueryWriteResponse* response) {
  return context_.answer(call, [this, request, response]() -> Status {
    const auto name = parse_blob(request->blob(), "blob");
    if (!name) return name.error();
    const auto written = context_.store.contents().blobs.written(*name);
    response->set_committed_size(written.bytes);
    response->set_complete(written.complete);
    return Done{};
  });
}

grpc::ServerWriteReactor<v1::ReadBlobResponse>* BlobService::ReadBlob(Call*, const v1::ReadBlobRequest* request) {
  return BlobStream::run(std::make_shared<BlobStream>(context_, *request));
}

}  // namespace offstage::api
