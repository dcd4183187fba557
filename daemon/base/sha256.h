// SPDX-License-Identifier: Apache-2.0
//
// SHA-256: what contents are named by and checked with. Text form: 64 lower-case hexadecimal digits.
//
// Thread: a hasher belongs to one thread at a time; the rest is plain data.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace offstage {

struct Sha256 {
  std::array<std::uint8_t, 32> bytes{};

  friend auto operator<=>(const Sha256&, const Sha256&) = default;
  std::string hex() const;
  static std::optional<Sha256> parse(std::string_view hex);  ///< exactly 64 hexadecimal digits, lower case
  static Sha256 of(std::string_view data);
};

class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;

  void add(std::string_view data);
  /// Of all that was added; the hasher begins anew.
  Sha256 digest();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace offstage
