// SPDX-License-Identifier: Apache-2.0
#include "api/blob_write.h"

#include "api/limits.h"
#include "api/names.h"

namespace offstage::api {

BlobWrite* BlobWrite::run(std::shared_ptr<BlobWrite> write) {
  BlobWrite* raw = write.get();
  const bool room = raw->context_.streams.add(write);
  raw->self_ = std::move(write);
  if (room) {
    raw->StartRead(&raw->incoming_);
  } else {
    raw->end(Error{Code::resource_exhausted, "TOO_MANY_STREAMS", "there are too many streams", "end some, or try again later", ""});
  }
  return raw;
}

void BlobWrite::OnReadDone(bool ok) {
  bool next = false;
  {
    const std::lock_guard lock(mutex_);
    if (ok) waiting_.emplace(std::move(incoming_));
    at_end_ = !ok;
    next = schedule();
  }
  if (next) StartRead(&incoming_);
}

/// Under mutex_. True: the next chunk may be read. One is written, one waits, and then none is read.
bool BlobWrite::schedule() {
  if (writing_ || finished_ || (!waiting_ && !at_end_)) return false;
  writing_ = true;
  const bool next = waiting_.has_value();
  context_.on_bulk([self = shared_from_this(), chunk = std::exchange(waiting_, std::nullopt)] { self->take(chunk); });
  return next;
}

void BlobWrite::take(const Chunk& chunk) {
  if (!chunk && upload_) return end(Done{});
  const auto put = [&] { return write(chunk.value_or(v1::WriteBlobRequest())); };
  const Result<bool> whole = guarded(put);
  if (!whole || *whole) return end(whole ? Status(Done{}) : Status(whole.error()));
  bool next = false;
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    next = schedule();
  }
  if (next) StartRead(&incoming_);
}

Result<bool> BlobWrite::write(const v1::WriteBlobRequest& chunk) {
  if (context_.stopping) return stopping_error();
  if (!upload_) {
    if (Status begun = begin(chunk); !begun) return begun.error();
  }
  if (chunk.data().size() > kBlobChunkBytes) {
    return Error{Code::invalid_argument, "CHUNK_TOO_LARGE",
                 "the chunk has " + std::to_string(chunk.data().size()) + " bytes, and at most " + std::to_string(kBlobChunkBytes) + " are allowed",
                 "send smaller ones", "data"};
  }
  const auto written = upload_->append(chunk.offset(), chunk.data());
  if (!written) return written.error();
  response_.set_committed_size(*written);
  return *written == upload_->size();
}

Status BlobWrite::begin(const v1::WriteBlobRequest& first) {
  const auto name = parse_blob(first.blob(), "blob");
  if (!name) return name.error();
  if (first.size() < 0) return Error{Code::invalid_argument, "BAD_SIZE", "the size is negative", "give the blob's whole size in bytes", "size"};
  auto upload = context_.store.contents().blobs.upload(*name, first.size());
  if (!upload) return upload.error();
  upload_ = std::move(*upload);
  return Done{};
}

void BlobWrite::end(const Status& status) {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  upload_.reset();  // before the reply: a client that tries again at once finds nothing of this one
  Finish(status ? grpc::Status::OK : to_status(status.error()));
}

void BlobWrite::OnDone() {
  context_.streams.remove(this);
  const auto last = std::move(self_);
}

}  // namespace offstage::api
