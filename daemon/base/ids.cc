// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <sys/random.h>

#include <system_error>
#include <vector>

namespace offstage {
namespace {

void fill_random(void* data, std::size_t size) {
  auto* out = static_cast<std::uint8_t*>(data);
  while (size > 0) {
    const ssize_t got = ::getrandom(out, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    out += got;
    size -= static_cast<std::size_t>(got);
  }
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string to_hex(const void* data, std::size_t size) {
  static constexpr char digits[] = "0123456789abcdef";
  const auto* in = static_cast<const std::uint8_t*>(data);
  std::string out;
  out.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    out += digits[in[i] >> 4];
    out += digits[in[i] & 15];
  }
  return out;
}

std::string random_hex(std::size_t bytes) {
  std::vector<std::uint8_t> data(bytes);
  fill_random(data.data(), data.size());
  return to_hex(data.data(), data.size());
}

template <class Tag>
std::string Id<Tag>::hex() const {
  return to_hex(bytes.data(), bytes.size());
}

template <class Tag>
std::optional<Id<Tag>> Id<Tag>::parse(std::string_view hex) {
  Id id;
  if (hex.size() != id.bytes.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    const int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return id;
}

template <class Tag>
Id<Tag> Id<Tag>::random() {
  Id id;
  fill_random(id.bytes.data(), id.bytes.size());
  return id;
}

template struct Id<struct JobTag>;
template struct Id<struct AttemptTag>;

}  // namespace offstage
