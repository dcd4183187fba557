// SPDX-License-Identifier: Apache-2.0
#include "api/tar_gz.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace offstage::api {
namespace {

constexpr std::size_t kBlock = 512;
constexpr int kGzip = 16 + MAX_WBITS;

struct Header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2], rest[247];
};
static_assert(sizeof(Header) == kBlock);

template <std::size_t N>
void octal(char (&field)[N], std::uint64_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%0*llo", static_cast<int>(N - 1), static_cast<unsigned long long>(value));
  std::memcpy(field, text.data(), N);
}

std::string header(const PackedFile& file, Wall time) {
  Header out{};
  if (file.name.size() >= sizeof out.name) throw std::invalid_argument("a name that is too long for a tar file: " + file.name);
  std::copy(file.name.begin(), file.name.end(), out.name);
  octal(out.mode, 0644);
  octal(out.uid, 0);
  octal(out.gid, 0);
  octal(out.size, file.content.size());
  octal(out.mtime, static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()));
  std::memset(out.checksum, ' ', sizeof out.checksum);
  out.type = '0';
  std::memcpy(out.magic, "ustar", 6);
  std::memcpy(out.version, "00", 2);
  std::string block(kBlock, '\0');
  std::memcpy(block.data(), &out, kBlock);
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  std::snprintf(block.data() + offsetof(Header, checksum), 7, "%06o", sum);
  return block;
}

std::string gzip(std::string& bytes) {
  z_stream stream{};
  if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (done != Z_STREAM_END) throw std::runtime_error("zlib could not compress");
  return out;
}

}  // namespace

std::string tar_gz(const std::vector<PackedFile>& files, Wall time) {
  std::string tar;
  for (const PackedFile& file : files) {
    tar += header(file, time);
    tar += file.content;
    tar.resize((tar.size() + kBlock - 1) / kBlock * kBlock);
  }
  tar.resize(tar.size() + 2 * kBlock);
  return gzip(tar);
}

}  // namespace offstage::api
