// SPDX-License-Identifier: Apache-2.0
//
// Ids of GPUs in one column: "0,2". An id has no comma (app/gpus.h).
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "core/model.h"

namespace offstage::store {

inline std::string gpus_to_text(const core::Gpus& gpus) {
  std::string out;
  for (const std::string& gpu : gpus) out += (out.empty() ? "" : ",") + gpu;
  return out;
}

inline core::Gpus gpus_from_text(std::string_view text) {
  core::Gpus out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return out;
}

}  // namespace offstage::store
