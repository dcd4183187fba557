// SPDX-License-Identifier: Apache-2.0
//
// Terminals: is there one, how wide, colours or not; and text from scripts made harmless for one.
//
// A script may print any byte. On a terminal, control characters would move the cursor, set the title or type for the user: there they are shown instead
// of obeyed. Where no terminal listens, bytes pass unchanged.
//
// Thread: any; Escaper: one at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace offstage::cli {

struct Terminal {
  bool is_terminal = false;
  bool color = false;      ///< NO_COLOR and TERM=dumb are respected
  std::size_t width = 80;  ///< columns; COLUMNS wins; without a terminal: 0 = unlimited

  static Terminal of(int fd);
};

/// Makes a stream of bytes harmless: newline and tab stay, a lone carriage return becomes a newline, other control characters (C0, C1, DEL), text-direction
/// overrides and bytes that are not UTF-8 become "\x1b" and the like. Keeps an unfinished character for the next call.
class Escaper {
 public:
  std::string feed(std::string_view bytes);
  /// What is left of an unfinished character.
  std::string finish();

 private:
  std::string pending_;
};

/// A whole text made harmless; newlines stay.
std::string harmless(std::string_view text);
/// … and in one line: newlines and tabs become spaces.
std::string harmless_line(std::string_view text);

/// Columns that harmless text takes (one a character: wide ones are rare in what we align).
std::size_t columns(std::string_view text);
/// At most `width` columns, with "…" at the end where something was cut. 0 = unlimited.
std::string clip(std::string_view text, std::size_t width);

}  // namespace offstage::cli
