// SPDX-License-Identifier: Apache-2.0
#include "pool/frame.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace offstage::pool {
namespace {

TEST(Frame, its_length_is_little_endian_and_in_front) { EXPECT_EQ(frame("{}"), std::string("\x02\0\0\0{}", 6)); }

TEST(Frame, whole_frames_come_out_of_single_bytes) {
  FrameReader reader;
  const std::string bytes = frame(R"({"t":"a"})") + frame(R"({"t":"b"})");
  std::vector<std::string> out;
  for (const char byte : bytes) {
    reader.feed({&byte, 1});
    const auto next = reader.next();
    ASSERT_TRUE(next);
    if (*next) out.push_back(**next);
  }
  EXPECT_EQ(out, (std::vector<std::string>{R"({"t":"a"})", R"({"t":"b"})"}));
}

TEST(Frame, many_frames_come_out_of_one_piece_in_order) {
  FrameReader reader;
  std::string bytes;
  for (int i = 0; i < 3000; ++i) bytes += frame(std::to_string(i) + std::string(100, ' '));
  reader.feed(bytes);
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(std::stoi(reader.next().value().value()), i);
  EXPECT_FALSE(reader.next().value());
  reader.feed(frame("again"));
  EXPECT_EQ(reader.next().value(), "again");
}

TEST(Frame, a_length_above_the_limit_is_an_error_before_its_bytes_come) {
  FrameReader reader;
  reader.feed(std::string("\x01\0\x80\0", 4));  // 8 MiB + 1
  EXPECT_FALSE(reader.next());
}

TEST(Frame, an_empty_one_is_an_error) {
  FrameReader reader;
  reader.feed(std::string(4, '\0'));
  ASSERT_FALSE(reader.next());
}

TEST(Frame, the_largest_one_passes_and_a_larger_one_cannot_be_made) {
  FrameReader reader;
  reader.feed(frame(std::string(max_frame_bytes, 'x')));
  EXPECT_EQ(reader.next().value().value().size(), max_frame_bytes);
  EXPECT_THROW(frame(std::string(max_frame_bytes + 1, 'x')), std::length_error);
}

}  // namespace
}  // namespace offstage::pool
