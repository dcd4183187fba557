// SPDX-License-Identifier: Apache-2.0
#include "pool/manifest.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "results.h"

namespace offstage::pool {
namespace {

namespace fs = std::filesystem;

TEST(Manifest, the_last_line_of_a_name_counts_and_removed_ones_are_gone) {
  const std::string text = line("a", "1") + line("b", "22") + line("c", "3") + line("a", "longer") + R"({"name":"b","removed":true})" + "\n";
  const Manifest manifest = Manifest::parse(text);
  ASSERT_EQ(manifest.files().size(), 2U);
  EXPECT_EQ(manifest.files()[0], (ResultFile{"a", 6, Sha256::of("longer").hex()}));
  EXPECT_EQ(manifest.files()[1].name, "c");
  EXPECT_EQ(manifest.bytes(), 7);
  EXPECT_EQ(manifest.find("c"), &manifest.files()[1]);
  EXPECT_EQ(manifest.find("b"), nullptr);
}

TEST(Manifest, a_line_may_tell_what_the_file_looked_like_all_of_it_or_nothing) {
  const auto look = [](const std::string& rest) {
    return parse_manifest_line(R"({"name":"a","size":1,"sha256":")" + Sha256::of("x").hex() + "\"" + rest + "}")->file.look;
  };
  EXPECT_EQ(look(R"(,"mtime_ns":1700000000123456789,"ctime_ns":-5,"inode":18446744073709551615)"),
            (FileLook{.mtime_ns = 1700000000123456789, .ctime_ns = -5, .inode = 18446744073709551615U}));
  for (const std::string rest : {"", R"(,"mtime_ns":1,"ctime_ns":1)", R"(,"mtime_ns":1,"ctime_ns":1.5,"inode":1)", R"(,"mtime_ns":"1","ctime_ns":1,"inode":1)",
                                 R"(,"mtime_ns":1,"ctime_ns":1,"inode":-1)"})
    EXPECT_FALSE(look(rest)) << rest;
}

TEST(Manifest, what_was_removed_may_come_again) {
  const Manifest manifest = Manifest::parse(line("a", "1") + R"({"name":"a","removed":true})" + "\n" + line("b", "2") + line("a", "33"));
  ASSERT_EQ(manifest.files().size(), 2U);
  EXPECT_EQ(manifest.find("a")->size, 2);
}

TEST(Manifest, a_torn_last_line_is_none) {
  const std::string whole = line("a", "1");
  EXPECT_EQ(Manifest::parse(whole + whole.substr(0, whole.size() - 1)).files().size(), 1U);
  EXPECT_TRUE(Manifest::parse(whole.substr(0, whole.size() - 1)).files().empty());
}

TEST(Manifest, a_line_that_leads_out_of_the_folder_or_is_no_line_of_ours_is_none) {
  const std::string sha = Sha256::of("x").hex();
  const auto with_name = [&](const std::string& name) { return R"({"name":")" + name + R"(","size":1,"sha256":")" + sha + R"("})"; };
  EXPECT_TRUE(parse_manifest_line(with_name("a/b c/\\u00fc")));
  for (const std::string name : {"", "/a", "a/", "a//b", "..", "../a", "a/../b", ".", "a/.", "a\\u0000b", "\xff"})
    EXPECT_FALSE(parse_manifest_line(with_name(name))) << name;
  EXPECT_FALSE(parse_manifest_line(with_name(std::string(5000, 'x'))));
  for (const std::string text : {"", "x", "[]", "{}", R"({"name":"a"})", R"({"name":"a","size":-1,"sha256":")", R"({"name":1,"removed":true})"})
    EXPECT_FALSE(parse_manifest_line(text)) << text;
  EXPECT_FALSE(parse_manifest_line(R"({"name":"a","size":1,"sha256":"abc"})"));
  EXPECT_FALSE(parse_manifest_line(R"({"name":"a","size":18446744073709551615,"sha256":")" + sha + "\"}"));
}

TEST(Manifest, no_manifest_is_an_empty_one_and_a_link_is_a_damaged_one) {
  const TempFolder folder;
  EXPECT_TRUE(read_manifest(folder.path)->files().empty());
  fs::create_symlink("/etc/passwd", folder.path / "files");
  const auto linked = read_manifest(folder.path);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().reason, "FILE_LIST_DAMAGED");
}

TEST(CheckFiles, what_is_there_as_it_was_told_is_accepted) {
  const TempFolder folder;
  const auto told = leave(folder, {{"a", "1"}, {"b/c", ""}});
  const auto checked = check_files(folder.path, told);
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_EQ(checked->files().size(), 2U);
}

TEST(CheckFiles, what_was_changed_afterwards_is_not) {
  const auto reason_after = [](const std::function<void(const TempFolder&)>& change) {
    const TempFolder folder;
    const auto told = leave(folder, {{"a", "1"}, {"b/c", "2"}});
    change(folder);
    const auto checked = check_files(folder.path, told);
    return checked ? "" : checked.error().reason;
  };
  EXPECT_EQ(reason_after([](const TempFolder& f) { f.write("out/a", "longer"); }), "FILE_CHANGED");
  EXPECT_EQ(reason_after([](const TempFolder& f) { fs::remove(f.path / "out/b/c"); }), "FILE_MISSING");
  EXPECT_EQ(reason_after([](const TempFolder& f) { fs::remove(f.path / "files"); }), "FILE_LIST_DAMAGED");
  EXPECT_EQ(reason_after([](const TempFolder& f) { f.write("files", line("a", "1")); }), "FILE_LIST_DAMAGED");
}

TEST(OutFolder, links_pipes_and_what_lies_beyond_them_are_not_opened) {
  const TempFolder folder;
  folder.write("secret", "s");
  folder.write("elsewhere/secret", "s");
  fs::create_directories(folder.path / "out");
  fs::create_symlink("../secret", folder.path / "out/link");
  fs::create_symlink("../elsewhere", folder.path / "out/folder");
  ASSERT_EQ(::mkfifo((folder.path / "out/pipe").c_str(), 0600), 0);
  const OutFolder out(folder.path);
  for (const std::string name : {"link", "folder/secret", "pipe", "folder", "../secret", "nothing"}) {
    const auto opened = out.open({name, 1, ""});
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().reason, "FILE_MISSING") << name;
  }
}

}  // namespace
}  // namespace offstage::pool
