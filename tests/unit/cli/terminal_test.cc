// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <gtest/gtest.h>

#include "cli/follow.h"
#include "cli/table.h"

namespace offstage::cli {
namespace {

TEST(Escaper, shows_what_would_command_the_terminal) {
  EXPECT_EQ(harmless("a\x1b[31mb\x07"), "a\\x1b[31mb\\x07");
  EXPECT_EQ(harmless("\xc2\x9b"
                     "31m"),
            "\\xc2\\x9b31m")
      << "the C1 form of ESC [";
  EXPECT_EQ(harmless("\x9b"
                     "31m"),
            "\\x9b31m")
      << "a bare byte is one for a terminal that is not UTF-8";
  EXPECT_EQ(harmless("\x7f\x00 x" + std::string()), "\\x7f");
  EXPECT_EQ(harmless("\xe2\x80\xae"), "\\xe2\\x80\\xae") << "turns the direction of text";
}

TEST(Escaper, leaves_text_alone) { EXPECT_EQ(harmless("é€😀\tx\ny"), "é€😀\tx\ny"); }

TEST(Escaper, a_lone_carriage_return_becomes_a_new_line) { EXPECT_EQ(harmless("Fra:1\rFra:2\r\nend\r"), "Fra:1\nFra:2\nend\n"); }

TEST(Escaper, any_cut_of_the_stream_gives_the_same) {
  const std::string text = "é€😀\x1b]0;title\x07\r\n\r\xff\xe2\x82 \xc2\x9b z\xf0\x9f";
  const std::string whole = harmless(text);
  for (std::size_t first = 0; first <= text.size(); ++first)
    for (std::size_t second = first; second <= text.size(); ++second) {
      Escaper escaper;
      std::string out = escaper.feed(text.substr(0, first));
      out += escaper.feed(text.substr(first, second - first));
      out += escaper.feed(text.substr(second));
      EXPECT_EQ(out + escaper.finish(), whole) << first << " " << second;
    }
}

TEST(Clip, counts_characters_and_marks_the_cut) {
  EXPECT_EQ(clip("éééé", 4), "éééé");
  EXPECT_EQ(clip("ééééé", 4), "ééé…");
  EXPECT_EQ(clip("anything", 0), "anything");
}

TEST(Table, aligns_columns_in_one_line_each) {
  EXPECT_EQ(table({{"ID", "NAME"}, {"1", "a\nb\x1b"}, {"22", ""}}, 0), "ID  NAME\n1   a b\\x1b\n22\n");
  EXPECT_EQ(table({{"ID", "a long name"}}, 8), "ID  a l…\n");
}

TEST(ProgressBar, fits_and_keeps_in_its_bounds) {
  EXPECT_EQ(progress_bar(0.5, "", 80), "[############            ]  50%");
  EXPECT_EQ(progress_bar(7, "x", 40), "100%  x");
  EXPECT_EQ(progress_bar(-1, "", 40), "  0%");
  EXPECT_LE(columns(progress_bar(0.5, std::string(500, 'x'), 60)), 59U);
  EXPECT_EQ(progress_bar(0.25, "a\x1b\nb", 40), " 25%  a\\x1b b");
}

}  // namespace
}  // namespace offstage::cli
