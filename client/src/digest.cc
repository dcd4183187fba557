// SPDX-License-Identifier: Apache-2.0
#include "digest.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <vector>

namespace offstage::inline client {

Digest::Digest() : context_(EVP_MD_CTX_new()) {
  if (!context_) throw std::bad_alloc();
  reset();
}

void Digest::reset() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
void Digest::add(std::string_view data) { EVP_DigestUpdate(context_.get(), data.data(), data.size()); }
void Digest::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context_.get(), bytes.data(), &size);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += digits[bytes[i] >> 4U];
    out += digits[bytes[i] & 15U];
  }
  return out;
}

std::string digest_of(int fd, int& failure) {
  constexpr std::size_t piece = 1U << 20U;
  Digest digest;
  std::vector<char> buffer(piece);
  for (off_t at = 0;;) {
    const ssize_t n = ::pread(fd, buffer.data(), buffer.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) failure = errno;
    if (n <= 0) return digest.hex();
    digest.add({buffer.data(), static_cast<std::size_t>(n)});
    at += n;
  }
}

}  // namespace offstage::inline client
