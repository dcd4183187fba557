// SPDX-License-Identifier: Apache-2.0
//
// WriteBlob: chunk after chunk into a store::Upload. The next one is read from the wire while the last one is hashed and written.
//
// Thread: chunks are written on Context::bulk, one at a time; gRPC calls On…() on its own threads. gRPC owns it until OnDone; it keeps itself alive until then.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <mutex>
#include <optional>

#include "api/context.h"
#include "offstage/v1/blob_service.pb.h"
#include "store/upload.h"

namespace offstage::api {

class BlobWrite final : public grpc::ServerReadReactor<v1::WriteBlobRequest>, public Wakeable, public std::enable_shared_from_this<BlobWrite> {
 public:
  BlobWrite(Context& context, v1::WriteBlobResponse& response) : context_(context), response_(response) {}
  /// Begins; the result is what the service returns to gRPC.
  static BlobWrite* run(std::shared_ptr<BlobWrite> write);

  /// The server stops: it is asked with the next chunk, and a client that sends none is cut off.
  void wake() override {}

 private:
  void OnReadDone(bool ok) override;
  void OnDone() override;

  using Chunk = std::optional<v1::WriteBlobRequest>;  // none: the client has sent all that it sends
  bool schedule();
  void take(const Chunk& chunk);
  Result<bool> write(const v1::WriteBlobRequest& chunk);
  Status begin(const v1::WriteBlobRequest& first);
  void end(const Status& status);

  Context& context_;
  v1::WriteBlobResponse& response_;
  std::shared_ptr<BlobWrite> self_;
  v1::WriteBlobRequest incoming_;  // of the read that is under way

  std::mutex mutex_;
  Chunk waiting_;  // read, not yet written
  bool writing_ = false, at_end_ = false, finished_ = false;

  std::shared_ptr<store::Upload> upload_;  // of the writing thread
};

}  // namespace offstage::api
