// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 of what comes in pieces.
//
// Thread: one at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <offstage/result.h>

struct evp_md_ctx_st;

namespace offstage::inline client {

class Digest {
 public:
  Digest();
  void add(std::string_view data);
  std::string hex();  ///< of all that was added; once
  void reset();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Of an open file, whole. `failure` becomes errno if it cannot be read.
std::string digest_of(int fd, int& failure);

}  // namespace offstage::inline client
