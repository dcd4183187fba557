// SPDX-License-Identifier: Apache-2.0
#include "app/gpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "unit/pool/temp_folder.h"

namespace offstage::app {
namespace {

using testing::HasSubstr;

Environment with(const char* visible = nullptr) {
  return [visible](const char* name) -> std::optional<std::string> {
    if (visible == nullptr || std::string_view(name) != "CUDA_VISIBLE_DEVICES") return std::nullopt;
    return visible;
  };
}

struct GpusOf : testing::Test {
  pool::TempFolder dev;
  void make(const std::string& name) const {
    std::filesystem::create_directories((dev.path / name).parent_path());
    std::ofstream(dev.path / name) << "";
  }
};

TEST_F(GpusOf, the_option_counts_first) {
  make("nvidia0");
  EXPECT_EQ(*gpus_of("1,GPU-8f-2", with("7"), dev.path), (core::Gpus{"1", "GPU-8f-2"}));
  EXPECT_TRUE(gpus_of("none", with("7"), dev.path)->empty());
}

TEST_F(GpusOf, what_a_batch_system_has_given_us_counts_next) {
  make("nvidia0");
  EXPECT_EQ(*gpus_of("", with("3,2"), dev.path), (core::Gpus{"3", "2"}));
  for (const char* none : {"", "-1", "NoDevFiles"}) EXPECT_TRUE(gpus_of("", with(none), dev.path)->empty()) << none;
}

TEST_F(GpusOf, otherwise_devices_are_counted) {
  EXPECT_TRUE(gpus_of("", with(), dev.path)->empty());
  for (const char* name : {"dri/renderD128", "dri/renderD129", "dri/card0"}) make(name);
  EXPECT_EQ(*gpus_of("", with(), dev.path), (core::Gpus{"0", "1"}));
  for (const char* name : {"nvidia0", "nvidiactl", "nvidia-uvm", "nvidia"}) make(name);
  EXPECT_EQ(*gpus_of("", with(), dev.path), (core::Gpus{"0"}));
}

TEST_F(GpusOf, what_is_no_list_of_ids_is_an_error) {
  for (const char* text : {"0,0", "0,,1", " 0", "0;1", ","}) {
    const auto gpus = gpus_of(text, with(), dev.path);
    ASSERT_FALSE(gpus) << text;
    EXPECT_EQ(gpus.error().reason, "CONFIG_VALUE");
    EXPECT_THAT(gpus.error().message, HasSubstr("gpus:"));
  }
}

}  // namespace
}  // namespace offstage::app
