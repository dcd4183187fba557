// SPDX-License-Identifier: Apache-2.0
#include "api/blob_stream.h"

#include <algorithm>

#include "api/limits.h"
#include "api/names.h"
#include "base/read_at.h"

namespace offstage::api {

Status BlobStream::start() {
  const auto name = parse_blob(request_.blob(), "blob");
  if (!name) return name.error();
  if (request_.offset() < 0 || request_.limit() < 0) {
    return Error{Code::invalid_argument, "BAD_OFFSET", "the offset or the limit is negative", "both count bytes", request_.offset() < 0 ? "offset" : "limit"};
  }
  auto blob = context_.store.contents().blobs.read(*name);
  if (!blob) return blob.error();
  if (request_.offset() > blob->size) {
    return Error{Code::out_of_range,
                 "BLOB_OFFSET",
                 "the blob has " + std::to_string(blob->size) + " bytes, and offset " + std::to_string(request_.offset()) + " is beyond them",
                 "read from its size or below",
                 "offset",
                 {{"size", std::to_string(blob->size)}}};
  }
  name_ = *name;
  blob_ = std::move(*blob);
  offset_ = request_.offset();
  end_ = request_.limit() > 0 ? offset_ + std::min(request_.limit(), blob_.size - offset_) : blob_.size;
  whole_ = offset_ == 0 && end_ == blob_.size;
  return Done{};
}

BlobStream::Step BlobStream::step(v1::ReadBlobResponse& response) {
  if (!blob_.fd) {
    if (Status started = start(); !started) return end_with(started.error());
    if (offset_ == end_ && (!whole_ || hasher_.digest() == name_)) return Step::end;
  }
  if (offset_ == end_ && end_ > 0) return Step::end;
  const auto size = static_cast<std::size_t>(std::min<std::int64_t>(kBlobChunkBytes, end_ - offset_));
  std::string data = read_at(blob_.fd.get(), offset_, size);
  if (whole_) hasher_.add(data);
  const bool last = offset_ + static_cast<std::int64_t>(size) == end_;
  if (data.size() < size || (whole_ && last && hasher_.digest() != name_)) return end_with(context_.store.contents().blobs.set_aside(name_));
  response.set_offset(offset_);
  response.set_data(std::move(data));
  offset_ += static_cast<std::int64_t>(size);
  return Step::write;
}

}  // namespace offstage::api
