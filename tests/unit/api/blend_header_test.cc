// SPDX-License-Identifier: Apache-2.0
//
// Which release saved a file.
#include "api/blend_header.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "specs.h"

namespace offstage::api {
namespace {

TEST(BlendHeader, tells_the_release) {
  using V = pool::Version;
  EXPECT_EQ(*parse_blend_header("BLENDER-v304REND"), (V{3, 4, 0}));
  EXPECT_EQ(*parse_blend_header("BLENDER_V279"), (V{2, 79, 0}));
  EXPECT_EQ(*parse_blend_header("BLENDER-v405"), (V{4, 5, 0}));
  EXPECT_EQ(*parse_blend_header("BLENDER17-01v0500"), (V{5, 0, 0}));
  for (const char* text : {"", "BLENDER", "BLENDER-v3", "BLENDER-x304", "BLENDERxx-01v0500", "blender-v304", "PK\x03\x04"})
    EXPECT_FALSE(parse_blend_header(text)) << text;
}

std::string gzipped(const std::string& text) {
  std::string out(compressBound(text.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstandard(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

TEST(BlendHeader, is_found_in_compressed_files) {
  const TempFolder folder;
  const std::string body = "BLENDER-v402" + std::string(1 << 20, 'x');
  for (const auto& [name, bytes] : {std::pair{"plain", body}, std::pair{"gzip", gzipped(body)}, std::pair{"zstd", zstandard(body)}}) {
    const auto file = read_blend(folder.write(name, bytes));
    ASSERT_TRUE(file) << name;
    EXPECT_EQ(file->version, (pool::Version{4, 2, 0})) << name;
  }
}

TEST(BlendHeader, broken_and_foreign_files_are_refused) {
  const TempFolder folder;
  for (const std::string& bytes :
       {std::string(), std::string("\x1f\x8b\x08"), zstandard("BLENDER-v402").substr(0, 6), gzipped("hello"), std::string(5000, '\0')}) {
    const auto file = read_blend(folder.write("x.blend", bytes));
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().reason, "BLEND_UNREADABLE");
  }
}

}  // namespace
}  // namespace offstage::api
