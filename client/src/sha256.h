// SPDX-License-Identifier: Apache-2.0
//
// SHA-256, in hexadecimal.
//
// Thread: one.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace offstage::inline client {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::string_view data) { EVP_DigestUpdate(context_.get(), data.data(), data.size()); }
  /// Once.
  std::string hex() {
    static constexpr char digits[] = "0123456789abcdef";
    unsigned char bytes[32] = {};
    EVP_DigestFinal_ex(context_.get(), bytes, nullptr);
    std::string out;
    for (const unsigned char byte : bytes) {
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace offstage::inline client
