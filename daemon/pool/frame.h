// SPDX-License-Identifier: Apache-2.0
//
// Frames of the worker wire: a 4-byte little-endian length and that many bytes of JSON. See daemon/worker/WIRE.md.
//
// A pure, incremental parser: bytes in, whole payloads out, in whatever pieces the socket gives them. It never allocates for a length that it refuses.
//
// Thread: none of its own; one reader belongs to one connection.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace offstage::pool {

inline constexpr std::size_t max_frame_bytes = 8 << 20;

class FrameReader {
 public:
  void feed(std::string_view bytes);
  /// The next whole payload, or nullopt: more bytes are needed. An error (BAD_FRAME) is final: the stream has no meaning any more.
  Result<std::optional<std::string>> next();

 private:
  std::string buffer_;
  std::size_t read_ = 0;  // of buffer_, already given out
};

/// Payload with its length in front. Programming error (std::length_error) above max_frame_bytes: callers check sizes of what users sent.
std::string frame(std::string_view payload);

}  // namespace offstage::pool
