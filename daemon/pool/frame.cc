// SPDX-License-Identifier: Apache-2.0
#include "pool/frame.h"

#include <cstdint>
#include <stdexcept>

namespace offstage::pool {

void FrameReader::feed(std::string_view bytes) {
  if (read_ == buffer_.size()) {
    buffer_.clear();
    read_ = 0;
  } else if (read_ > (64 << 10)) {
    buffer_.erase(0, read_);
    read_ = 0;
  }
  buffer_.append(bytes);
}

Result<std::optional<std::string>> FrameReader::next() {
  const std::string_view rest = std::string_view(buffer_).substr(read_);
  if (rest.size() < 4) return std::optional<std::string>();
  std::uint32_t length = 0;
  for (int i = 3; i >= 0; --i) length = length << 8 | static_cast<std::uint8_t>(rest[static_cast<std::size_t>(i)]);
  if (length == 0 || length > max_frame_bytes) {
    return Error{Code::invalid_argument, "BAD_FRAME", "a frame of the worker wire has the length " + std::to_string(length), "", ""};
  }
  if (rest.size() - 4 < length) return std::optional<std::string>();
  read_ += 4 + length;
  return std::optional<std::string>(rest.substr(4, length));
}

std::string frame(std::string_view payload) {
  if (payload.size() > max_frame_bytes) throw std::length_error("frame of " + std::to_string(payload.size()) + " bytes");
  std::string out;
  out.reserve(payload.size() + 4);
  auto length = static_cast<std::uint32_t>(payload.size());
  for (int i = 0; i < 4; ++i, length >>= 8) out.push_back(static_cast<char>(length & 0xff));
  out.append(payload);
  return out;
}

}  // namespace offstage::pool
