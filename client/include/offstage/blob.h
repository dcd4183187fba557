// SPDX-License-Identifier: Apache-2.0
//
// Contents that travel apart from messages: named by their SHA-256, 64 lower-case hexadecimal digits. Client::put_file() is the short way.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <offstage/result.h>

namespace offstage::inline client {

/// The bytes of a blob, as far as they are asked for. `read` gives up to `most` bytes from `offset` on, and less only at the end; it may be asked for the
/// same bytes again.
struct BlobSource {
  std::string blob;       ///< their SHA-256
  std::int64_t size = 0;  ///< of all
  std::function<Result<std::string>(std::int64_t offset, std::size_t most)> read;
};

/// A file of this machine; it is read once for its hash, and stays open. invalid_argument: FILE_NOT_FOUND, FILE_UNREADABLE.
Result<BlobSource> blob_of_file(const std::string& path);
/// Bytes that stay where they are until the source is gone.
BlobSource blob_of_bytes(std::string_view bytes);

struct BlobWritten {
  std::int64_t committed_size = 0;
  bool complete = false;
};

struct BlobRequest {
  std::string blob;
  std::int64_t offset = 0;  ///< in bytes
  std::int64_t limit = 0;   ///< 0: to the end
};

struct BlobChunk {
  std::int64_t offset = 0;  ///< of data
  std::string data;
};

/// Return false to stop.
using OnBlob = std::function<bool(const BlobChunk&)>;
/// How many bytes of how many are there.
using OnSent = std::function<void(std::int64_t sent, std::int64_t size)>;

}  // namespace offstage::inline client
