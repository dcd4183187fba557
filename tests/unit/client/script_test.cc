// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <offstage/script.h>

namespace offstage {
namespace {

namespace fs = std::filesystem;

class ScriptTest : public ::testing::Test {
 protected:
  ScriptTest() {
    std::string name = (fs::temp_directory_path() / "offstage-test-XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~ScriptTest() override { fs::remove_all(folder); }

  std::string write(const std::string& text) {
    const fs::path file = folder / "a b.py";
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }

  fs::path folder;
};

TEST_F(ScriptTest, its_text_and_absolute_name_are_read) {
  const auto script = read_script(write("print('é')\n"));
  ASSERT_TRUE(script);
  EXPECT_EQ(script->text, "print('é')\n");
  EXPECT_EQ(script->name, (folder / "a b.py").string());
}

TEST_F(ScriptTest, a_missing_one_a_folder_and_one_that_is_not_utf8_have_reasons_of_their_own) {
  EXPECT_EQ(read_script((folder / "nope.py").string()).error().reason, "SCRIPT_NOT_FOUND");
  EXPECT_EQ(read_script(folder.string()).error().reason, "SCRIPT_NOT_A_FILE");
  const auto latin = read_script(write("# one\nprint('\xe9')\n"));
  ASSERT_FALSE(latin);
  EXPECT_EQ(latin.error().reason, "SCRIPT_NOT_UTF8");
  EXPECT_EQ(latin.error().field("line"), "2");
}

TEST_F(ScriptTest, an_endless_one_is_refused) { EXPECT_EQ(read_script("/dev/zero").error().reason, "SCRIPT_TOO_LARGE"); }

TEST(AbsolutePath, loses_its_dots_but_not_its_symbolic_links) {
  const fs::path here = fs::current_path();
  EXPECT_EQ(absolute_path("./x.py"), (here / "x.py").string());
  EXPECT_EQ(absolute_path("/a/./b.py"), "/a/b.py");
  EXPECT_EQ(absolute_path("/usr/bin/../lib"), "/usr/lib");
  EXPECT_EQ(absolute_path("/usr/lib/"), "/usr/lib");
  EXPECT_EQ(absolute_path("/proc/self/cwd/../x"), "/proc/self/cwd/../x") << "through a link, .. is another folder";
}

TEST(Utf8, overlong_forms_surrogates_and_cut_characters_are_none) {
  EXPECT_TRUE(is_utf8("aé€😀"));
  for (const char* bad : {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xe2\x82", "\x80"}) EXPECT_FALSE(is_utf8(bad)) << bad;
  std::size_t at = 0;
  EXPECT_FALSE(is_utf8("abc\xff", &at));
  EXPECT_EQ(at, 3U);
}

}  // namespace
}  // namespace offstage
