// SPDX-License-Identifier: Apache-2.0
#include <offstage/script.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace offstage::inline client {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t most_bytes = 16U << 20U;

Error about(const std::string& file, std::string reason, std::string message, std::string hint) {
  return {.code = Code::invalid_argument, .reason = std::move(reason), .message = std::move(message), .hint = std::move(hint), .fields = {{"file", file}}};
}

Error unreadable(const std::string& file, int error) {
  if (error == ENOENT || error == ENOTDIR)
    return about(file, "SCRIPT_NOT_FOUND", "the script does not exist", "check the path; the script is read on this machine, at submit");
  return about(file, "SCRIPT_UNREADABLE", std::string("the script cannot be read: ") + std::strerror(error), "check its permissions");
}

/// The length of the UTF-8 sequence that begins at text[i], 0 if it is none (overlong forms, surrogates and what lies beyond U+10FFFF are none).
std::size_t sequence(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || i + length > text.size()) return 0;
  for (std::size_t k = i + 1; k < i + length; ++k)
    if ((byte(k) & 0xC0) != 0x80) return 0;
  const unsigned char second = byte(i + 1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
  return length;
}

}  // namespace

bool is_utf8(std::string_view text, std::size_t* bad) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence(text, i);
    if (length == 0) {
      if (bad != nullptr) *bad = i;
      return false;
    }
    i += length;
  }
  return true;
}

std::string absolute_path(const std::string& path) {
  std::error_code error;
  const fs::path full = fs::absolute(path, error);
  if (error) return path;
  fs::path plain = full.lexically_normal();
  if (!plain.has_filename()) plain = plain.parent_path();                     // "folder/"
  const bool climbs = std::ranges::find(full, fs::path("..")) != full.end();  // through a symbolic link, "a/.." is not "."
  if (climbs && !fs::equivalent(plain, full, error)) return full.string();
  return plain.string();
}

Result<Script> read_script(const std::string& path) {
  Script script{.name = absolute_path(path)};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return unreadable(script.name, errno);
  struct stat found {};
  if (::fstat(fd, &found) == 0 && S_ISDIR(found.st_mode)) {
    ::close(fd);
    return about(script.name, "SCRIPT_NOT_A_FILE", "the script is a folder", "name the Python file in it");
  }
  std::array<char, 1U << 16U> buffer;
  ssize_t got = 0;
  while ((got = ::read(fd, buffer.data(), buffer.size())) != 0 && script.text.size() <= most_bytes) {
    if (got > 0) script.text.append(buffer.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  const int failed = got < 0 ? errno : 0;
  ::close(fd);
  if (failed != 0) return unreadable(script.name, failed);
  if (script.text.size() > most_bytes)
    return about(script.name, "SCRIPT_TOO_LARGE", "the script is larger than 16 MiB", "pass data as parameters or files, and keep the script small");
  if (std::size_t bad = 0; !is_utf8(script.text, &bad)) {
    const auto line = 1 + std::count(script.text.begin(), script.text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
    Error error = about(script.name, "SCRIPT_NOT_UTF8", "the script is not UTF-8", "save it as UTF-8");
    error.fields.emplace_back("line", std::to_string(line));
    return error;
  }
  return script;
}

}  // namespace offstage::inline client
