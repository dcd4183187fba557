// SPDX-License-Identifier: Apache-2.0
//
// What `show` says of warnings.
#include "cli/warnings.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace offstage::cli {
namespace {

Warning missing(const std::string& path) {
  return {.code = "TEXTURE_MISSING", .message = "image \"a\": " + path + " does not exist", .metadata = {{"path", path}, {"hint", "put it back"}}};
}

TEST(Warnings, each_is_told_and_what_to_do_once_for_all_of_a_kind) {
  EXPECT_EQ(warnings_text({missing("/a.png"), missing("/b.png"), {.code = "ENGINE_UNKNOWN", .message = "there is no engine X", .metadata = {}}}),
            "warning     TEXTURE_MISSING: image \"a\": /a.png does not exist\n"
            "warning     TEXTURE_MISSING: image \"a\": /b.png does not exist\n"
            "what to do  put it back\n"
            "warning     ENGINE_UNKNOWN: there is no engine X\n");
  EXPECT_EQ(warnings_text({}), "");
}

TEST(Warnings, of_many_ten_are_shown_and_the_rest_is_counted) {
  const std::string text = warnings_text(std::vector<Warning>(37, missing("/a.png")));
  EXPECT_NE(text.find("… and 27 more"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 12);
}

TEST(Warnings, a_path_from_a_scene_moves_no_cursor) { EXPECT_EQ(warnings_text({missing("/\x1b[2J\n.png")}).find('\x1b'), std::string::npos); }

}  // namespace
}  // namespace offstage::cli
