// SPDX-License-Identifier: Apache-2.0
//
// Text from scripts on its way to a terminal, in whatever pieces it comes. The first byte says how large they are.
#include "cli/terminal.h"

#include <algorithm>

#include "api/text.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offstage;
  if (size == 0) return 0;
  const std::string_view text = fuzz::text(data + 1, size - 1);
  const std::string whole = cli::harmless(text);
  cli::Escaper escaper;
  std::string pieces;
  const std::size_t piece = data[0] % 8 + 1;
  for (std::size_t at = 0; at < text.size(); at += piece) pieces += escaper.feed(text.substr(at, piece));
  pieces += escaper.finish();
  fuzz::require(pieces == whole, "it does not matter in which pieces text comes");
  fuzz::require(!api::invalid_utf8(whole), "a terminal gets UTF-8");
  std::string lines = whole;
  std::erase_if(lines, [](char c) { return c == '\n' || c == '\t'; });
  fuzz::require(!api::control_character(lines), "a terminal is not controlled");
  fuzz::require(cli::harmless(whole) == whole, "what is harmless stays as it is");
  for (const std::size_t width : {1, 7, 80}) fuzz::require(cli::columns(cli::clip(cli::harmless_line(text), width)) <= width, "a line is cut to its width");
  return 0;
}
