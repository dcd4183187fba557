// SPDX-License-Identifier: Apache-2.0
#include "app/options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "app/command_line.h"
#include "app/option_table.h"
#include "base/ids.h"

namespace offstage::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class OptionsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("options-" + random_hex(4));
    fs::create_directories(folder_ / "offstage");
    variables_["XDG_CONFIG_HOME"] = folder_.string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path file() const { return folder_ / "offstage" / "offstage.toml"; }
  void write(const std::string& text) { std::ofstream(file()) << text; }
  Environment environment() const {
    return [this](const char* name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
  }
  Result<LoadedOptions> load(std::vector<const char*> flags = {}, std::optional<fs::path> config = {}) {
    flags.insert(flags.begin(), "offstaged");
    auto line = parse_command_line(static_cast<int>(flags.size()), flags.data());
    if (!line) return line.error();
    return load_options(line->settings, environment(), config);
  }

  fs::path folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(OptionsTest, without_any_source_the_defaults_hold) {
  const auto loaded = load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->options.slots, 0U);
  EXPECT_TRUE(loaded->options.search_blenders);
  EXPECT_TRUE(loaded->settings.empty());
}

TEST_F(OptionsTest, flags_beat_environment_beats_file) {
  write("slots = 2\nmax_spares = 2\nqueue_length = 2\n");
  variables_["OFFSTAGE_SLOTS"] = "3";
  variables_["OFFSTAGE_MAX_SPARES"] = "3";
  const auto loaded = load({"--slots", "4"});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->options.slots, 4U);
  EXPECT_EQ(loaded->options.max_spares, 3U);
  EXPECT_EQ(loaded->options.queue_length, 2U);
}

TEST_F(OptionsTest, an_unknown_key_names_file_line_and_the_nearest_known_one) {
  write("slots = 2\n\nmax_spare = 3\n");
  const auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().reason, "CONFIG_UNKNOWN_KEY");
  EXPECT_EQ(loaded.error().fields.at(0).second, file().string() + ":3");
  EXPECT_NE(loaded.error().hint.find("\"max_spares\""), std::string::npos);
}

TEST_F(OptionsTest, a_key_like_no_other_gets_no_guess) {
  write("favourite_colour = \"red\"\n");
  const auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().hint.find("did you mean"), std::string::npos);
}

TEST_F(OptionsTest, a_letter_beyond_ascii_without_quotes_is_no_toml) {
  write("blender = ż\n");
  EXPECT_EQ(load({}).error().reason, "CONFIG_SYNTAX");
}

TEST_F(OptionsTest, what_is_no_toml_is_told_with_its_line) {
  write("slots = 2\nblender = oops\n");
  const auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().reason, "CONFIG_SYNTAX");
  EXPECT_EQ(loaded.error().fields.at(0).second, file().string() + ":2");
}

TEST_F(OptionsTest, a_section_is_refused) {
  write("[pool]\nslots = 2\n");
  const auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().reason, "CONFIG_VALUE");
}

TEST_F(OptionsTest, a_named_file_must_exist_and_the_usual_one_need_not) {
  EXPECT_TRUE(load());
  const auto loaded = load({}, folder_ / "missing.toml");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().reason, "CONFIG_UNREADABLE");
}

TEST_F(OptionsTest, a_folder_in_the_files_place_is_unreadable) {
  fs::create_directories(file());
  const auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().reason, "CONFIG_UNREADABLE");
}

TEST_F(OptionsTest, an_empty_file_sets_nothing) {
  write("");
  EXPECT_TRUE(load());
}

TEST_F(OptionsTest, durations_and_sizes_have_units) {
  write("spares_idle = \"90s\"\nkeeper_idle = \"1.5h\"\nlow_water = \"1GiB\"\n");
  const auto loaded = load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->options.spares_idle, 90s);
  EXPECT_EQ(loaded->options.keeper_idle, 90min);
  EXPECT_EQ(loaded->options.low_water, std::int64_t{1} << 30);
}

TEST_F(OptionsTest, a_bare_number_is_seconds_or_bytes) {
  write("spares_idle = 90\nlow_water = 4096\n");
  const auto loaded = load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->options.spares_idle, 90s);
  EXPECT_EQ(loaded->options.low_water, 4096);
}

TEST_F(OptionsTest, lists_come_as_array_as_colons_and_as_repeated_flags) {
  write("blenders = [\"/a b/blender\", \"/c/blender\"]\n");
  auto loaded = load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->options.blenders, (std::vector<fs::path>{"/a b/blender", "/c/blender"}));
  variables_["OFFSTAGE_BLENDERS"] = "/d/blender:/e f/python";
  loaded = load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->options.blenders, (std::vector<fs::path>{"/d/blender", "/e f/python"}));
  loaded = load({"--blenders", "/g/blender", "--blenders", "/h/blender"});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->options.blenders, (std::vector<fs::path>{"/g/blender", "/h/blender"}));
}

TEST_F(OptionsTest, a_relative_path_in_the_file_is_meant_from_its_folder) {
  write("log_file = \"log/offstaged.log\"\n");
  const auto loaded = load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->options.log_file, file().parent_path() / "log/offstaged.log");
}

struct BadValue {
  const char* line;
  const char* says;
};

class BadValues : public OptionsTest, public testing::WithParamInterface<BadValue> {};

TEST_P(BadValues, is_refused_with_place_and_reason) {
  write(GetParam().line);
  const auto loaded = load();
  ASSERT_FALSE(loaded) << GetParam().line;
  EXPECT_EQ(loaded.error().reason, "CONFIG_VALUE");
  EXPECT_NE(loaded.error().message.find(GetParam().says), std::string::npos) << loaded.error().message;
  EXPECT_EQ(loaded.error().fields.at(0).second, file().string() + ":1");
}

INSTANTIATE_TEST_SUITE_P(Options, BadValues,
                         testing::Values(BadValue{"slots = -1", "no number from 0 to 4096"}, BadValue{"slots = 5000", "no number from 0 to 4096"},
                                         BadValue{"slots = \"many\"", "no number"}, BadValue{"slots = [1, 2]", "one value"},
                                         BadValue{"slots = 1.5", "no number"}, BadValue{"huge_pages = \"perhaps\"", "neither true nor false"},
                                         BadValue{"log_level = \"loud\"", "is none of"}, BadValue{"log_level = \"info|error\"", "is none of"},
                                         BadValue{"spares_idle = \"soon\"", "no duration"}, BadValue{"spares_idle = \"-5s\"", "no duration"},
                                         BadValue{"spares_idle = nan", "no duration"}, BadValue{"spares_idle = \"9000000d\"", "not between"},
                                         BadValue{"low_water = \"3 parsec\"", "no size"}, BadValue{"blenders = [\"\"]", "empty"},
                                         BadValue{"blenders = [[1]]", "list of texts"}));

TEST_F(OptionsTest, tcp_is_refused_without_certificate_and_token) {
  auto loaded = load({"--listen", "127.0.0.1:7788"});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().reason, "CONFIG_TCP_UNPROTECTED");
  EXPECT_TRUE(load({"--listen", "127.0.0.1:7788", "--tls-dir", "d"}));
  for (const char* address : {"localhost", ":7788", "localhost:", "localhost:http", "localhost:99999"}) EXPECT_FALSE(load({"--listen", address})) << address;
}

TEST_F(OptionsTest, every_row_has_flag_variable_type_and_help) {
  for (const OptionRow& row : option_table()) {
    EXPECT_EQ(row.flag().find('_'), std::string::npos);
    EXPECT_TRUE(row.variable().starts_with("OFFSTAGE_"));
    EXPECT_FALSE(row.type().empty());
    EXPECT_FALSE(row.help.empty());
    EXPECT_FALSE(row.default_text().empty());
    EXPECT_EQ(find_option(row.key), &row);
  }
}

TEST_F(OptionsTest, the_reference_page_is_what_the_program_prints) {
  std::ifstream page(fs::path(OFFSTAGE_SOURCE) / "docs/reference/options.md");
  std::stringstream text;
  text << page.rdbuf();
  EXPECT_EQ(text.str(), options_markdown()) << "run: offstaged --print-options > docs/reference/options.md";
}

TEST_F(OptionsTest, an_unknown_flag_is_a_usage_error) {
  const auto loaded = load({"--frobnicate"});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().reason, "USAGE");
}

TEST_F(OptionsTest, the_last_of_a_repeated_flag_counts) {
  const auto loaded = load({"--slots", "1", "--slots", "2"});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->options.slots, 2U);
}

}  // namespace
}  // namespace offstage::app
