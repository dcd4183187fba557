// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <openssl/evp.h>

#include <new>

#include "base/ids.h"

namespace offstage {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string Sha256::hex() const { return to_hex(bytes.data(), bytes.size()); }

std::optional<Sha256> Sha256::parse(std::string_view hex) {
  Sha256 out;
  if (hex.size() != 2 * out.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < out.bytes.size(); ++i) {
    const int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return out;
}

Sha256 Sha256::of(std::string_view data) {
  Sha256Hasher hasher;
  hasher.add(data);
  return hasher.digest();
}

/// All of EVP's calls can only fail for want of memory.
struct Sha256Hasher::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Impl() {
    if (context == nullptr) throw std::bad_alloc();
    begin();
  }
  ~Impl() { EVP_MD_CTX_free(context); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  void begin() const {
    if (EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  }
};

Sha256Hasher::Sha256Hasher() : impl_(std::make_unique<Impl>()) {}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::add(std::string_view data) {
  if (EVP_DigestUpdate(impl_->context, data.data(), data.size()) != 1) throw std::bad_alloc();
}

Sha256 Sha256Hasher::digest() {
  Sha256 out;
  if (EVP_DigestFinal_ex(impl_->context, out.bytes.data(), nullptr) != 1) throw std::bad_alloc();
  impl_->begin();
  return out;
}

}  // namespace offstage
