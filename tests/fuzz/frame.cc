// SPDX-License-Identifier: Apache-2.0
//
// The worker wire: what a worker sends, in whatever pieces it comes. The first byte says how large the pieces are.
#include "pool/frame.h"
#include "errors.h"

namespace {

using offstage::fuzz::require;

struct Read {
  std::string frames;  // as they would be sent again
  bool broken = false;
  friend bool operator==(const Read&, const Read&) = default;
};

Read read(std::string_view bytes, std::size_t piece) {
  offstage::pool::FrameReader reader;
  Read out;
  while (!bytes.empty() && !out.broken) {
    reader.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      auto payload = reader.next();
      if (!payload) {
        offstage::fuzz::require_good(payload.error());
        require(!reader.next(), "a fault is final");
        out.broken = true;
        break;
      }
      if (!*payload) break;
      out.frames += offstage::pool::frame(**payload);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = offstage::fuzz::text(data + 1, size - 1);
  const Read whole = read(bytes, bytes.size() + 1);
  require(bytes.starts_with(whole.frames), "frames are what was sent, in its order, with nothing between");
  require(read(bytes, data[0] % 16 + 1) == whole, "it does not matter in which pieces bytes come");
  return 0;
}
