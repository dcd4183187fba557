// SPDX-License-Identifier: Apache-2.0
//
// 128-bit ids: jobs and attempts. Text form: 32 lower-case hexadecimal digits.
//
// A job's id follows from its request id, so that a repeated submit finds the job it made by primary key; an attempt's is random, since it is a fence.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace offstage {

template <class Tag>
struct Id {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const Id&, const Id&) = default;
  bool is_zero() const { return *this == Id{}; }
  std::string hex() const;
  static std::optional<Id> parse(std::string_view hex);  ///< exactly 32 hexadecimal digits, lower case
  static Id random();                                    ///< from getrandom(2)
};

using JobId = Id<struct JobTag>;
using AttemptId = Id<struct AttemptTag>;

/// `bytes` bytes from getrandom(2), in hexadecimal: nonces, tokens, instance names.
std::string random_hex(std::size_t bytes);
std::string to_hex(const void* data, std::size_t size);

extern template struct Id<struct JobTag>;
extern template struct Id<struct AttemptTag>;

}  // namespace offstage

template <class Tag>
struct std::hash<offstage::Id<Tag>> {
  std::size_t operator()(const offstage::Id<Tag>& id) const noexcept {
    std::size_t value;  // the bytes are random or a digest: any eight of them are a hash
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};
