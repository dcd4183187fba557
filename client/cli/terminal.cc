// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <offstage/script.h>

namespace offstage::cli {
namespace {

std::size_t length_by_first_byte(unsigned char byte) { return byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1; }

std::string shown(unsigned char byte) { return {'\\', 'x', "0123456789abcdef"[byte >> 4U], "0123456789abcdef"[byte & 0x0FU]}; }

/// U+0080–U+009F, and what turns the direction of text: U+200E, U+200F, U+202A–U+202E, U+2066–U+2069.
bool is_hostile(std::string_view c) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(c[i]); };
  if (c.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (c.size() != 3 || byte(0) != 0xE2) return false;
  return (byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F || (byte(2) >= 0xAA && byte(2) <= 0xAE))) ||
         (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
}

void append(std::string_view character, std::string& out) {
  const auto first = static_cast<unsigned char>(character.front());
  const bool control = character.size() == 1 && (first < 0x20 || first >= 0x7F) && first != '\n' && first != '\t';
  if (!control && is_utf8(character) && !is_hostile(character)) {
    out += character;
    return;
  }
  for (const char c : character) out += shown(static_cast<unsigned char>(c));
}

}  // namespace

Terminal Terminal::of(int fd) {
  Terminal out;
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::string_view(value) : std::string_view();
  };
  out.is_terminal = ::isatty(fd) == 1;
  if (!out.is_terminal) return {.width = 0};
  out.color = set("NO_COLOR").empty() && set("TERM") != "dumb";
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) out.width = size.ws_col;
  if (const long columns = std::atol(std::string(set("COLUMNS")).c_str()); columns > 0) out.width = static_cast<std::size_t>(columns);
  return out;
}

std::string Escaper::feed(std::string_view bytes) {
  const std::string text = std::exchange(pending_, {}) + std::string(bytes);
  std::string out;
  out.reserve(text.size());
  std::size_t i = 0;
  while (i < text.size()) {
    const std::string_view rest = std::string_view(text).substr(i);
    if (rest.front() == '\r') {
      if (rest.size() == 1) break;  // perhaps the first half of "\r\n"
      if (rest[1] != '\n') out += '\n';
      ++i;
      continue;
    }
    const std::size_t length = length_by_first_byte(static_cast<unsigned char>(rest.front()));
    const std::string_view tail = rest.substr(1, length - 1);
    const bool continues = std::ranges::all_of(tail, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; });
    if (continues && tail.size() < length - 1) break;  // the rest may still come
    const std::string_view character = rest.substr(0, continues ? length : 1);
    append(character, out);
    i += character.size();
  }
  pending_ = text.substr(i);
  return out;
}

std::string Escaper::finish() {
  std::string out;
  for (const char c : std::exchange(pending_, {})) append(c == '\r' ? "\n" : std::string_view(&c, 1), out);
  return out;
}

std::string harmless(std::string_view text) {
  Escaper escaper;
  std::string out = escaper.feed(text);
  return out + escaper.finish();
}

std::string harmless_line(std::string_view text) {
  std::string out = harmless(text);
  std::ranges::replace_if(
      out, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return out;
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string clip(std::string_view text, std::size_t width) {
  if (width == 0 || columns(text) <= width) return std::string(text);
  std::size_t bytes = 0;
  for (std::size_t seen = 0; bytes < text.size(); ++bytes)
    if ((static_cast<unsigned char>(text[bytes]) & 0xC0U) != 0x80U && seen++ == width - 1) break;
  return std::string(text.substr(0, bytes)) + "…";
}

}  // namespace offstage::cli
