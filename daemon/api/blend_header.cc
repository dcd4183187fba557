// SPDX-License-Identifier: Apache-2.0
#include "api/blend_header.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <string>

#include "api/files.h"
#include "api/text.h"

namespace offstage::api {
namespace {

constexpr std::size_t kHeader = 17;
constexpr std::size_t kEnough = 256 << 10;  // of a compressed file: a zstd block is at most 128 KiB, and the first holds the header

std::optional<int> number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (!std::isdigit(static_cast<unsigned char>(c))) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::string gunzip(std::string_view bytes) {
  std::array<char, kHeader> out{};
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = out.size();
  inflate(&stream, Z_SYNC_FLUSH);
  const std::size_t got = out.size() - stream.avail_out;
  inflateEnd(&stream);
  return {out.data(), got};
}

std::string unzstd(std::string_view bytes) {
  std::array<char, kHeader> out{};
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  while (to.pos < to.size && in.pos < in.size) {
    const std::size_t before = in.pos + to.pos;
    if (ZSTD_isError(ZSTD_decompressStream(context.get(), &to, &in)) || in.pos + to.pos == before) break;
  }
  return {out.data(), to.pos};
}

std::string uncompressed_start(const std::string& bytes) {
  if (bytes.starts_with("\x1f\x8b")) return gunzip(bytes);
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return unzstd(bytes);
  return bytes.substr(0, kHeader);
}

Error unreadable(const std::filesystem::path& path, const std::string& why, std::string hint) {
  return {Code::failed_precondition, "BLEND_UNREADABLE", "blend file " + path.string() + " " + why, std::move(hint), "", {{"file", path.string()}}};
}

}  // namespace

std::optional<pool::Version> parse_blend_header(std::string_view bytes) {
  constexpr std::string_view kMagic = "BLENDER";
  if (!bytes.starts_with(kMagic)) return std::nullopt;
  const std::string_view rest = bytes.substr(kMagic.size());
  std::optional<int> version;
  if (rest.size() >= 5 && (rest[0] == '-' || rest[0] == '_') && (rest[1] == 'v' || rest[1] == 'V')) {
    version = number(rest.substr(2, 3));
  } else if (rest.size() >= 10 && number(rest.substr(0, 2)) && rest[2] == '-' && number(rest.substr(3, 2)) && rest[5] == 'v') {
    version = number(rest.substr(6, 4));
  }
  if (!version) return std::nullopt;
  return pool::Version{*version / 100, *version % 100, 0};
}

Result<BlendFile> read_blend(const std::filesystem::path& path) {
  FilePin pin;
  auto bytes = read_start(path, kEnough, &pin);
  if (!bytes) {
    const FileFault fault = bytes.error().fault;
    if (fault == FileFault::missing) {
      return Error{Code::failed_precondition,
                   "BLEND_NOT_FOUND",
                   "blend file " + path.string() + " does not exist on the daemon's machine",
                   "check the path; save the file first if it is new",
                   "",
                   {{"file", path.string()}}};
    }
    return unreadable(path, bytes.error().text, fault == FileFault::folder ? "name the .blend in it" : "let the daemon's user read it");
  }
  if (const auto version = parse_blend_header(uncompressed_start(*bytes))) return BlendFile{*version, pin};
  return unreadable(path, "is not a .blend: its first bytes are not a Blender file's",
                    "check the path; it may be an unfinished download or another kind of file");
}

}  // namespace offstage::api
