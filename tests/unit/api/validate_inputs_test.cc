// SPDX-License-Identifier: Apache-2.0
//
// Names of inputs, and scenes by value.
#include "api/validate_inputs.h"

#include <gtest/gtest.h>

#include "api/limits.h"
#include "specs.h"

namespace offstage::api {
namespace {

v1::JobSpec with_names(const std::vector<std::string>& names) {
  v1::JobSpec spec = script_spec();
  for (const std::string& name : names) {
    auto* input = spec.add_inputs();
    input->set_name(name);
    input->set_path("/x");
  }
  return spec;
}

std::string reason(const v1::JobSpec& spec) {
  const Status good = validate(spec, {});
  return good ? "" : good.error().reason + " " + good.error().field;
}

TEST(ValidateInputs, names_that_stay_below_the_working_directory_are_good) {
  EXPECT_EQ(reason(with_names({"a", "a.txt", "b/c/d", "ü/日本 x.png", "x/.hidden", "x/...", "a..b", ".values/0.npy", ".blocks/0.blend"})), "");
}

TEST(ValidateInputs, names_that_could_lie_elsewhere_are_refused) {
  for (const char* name :
       {"", "/a", "..", "../a", "a/../b", "a/..", ".", "./a", "a/./b", "a//b", "a/", ".hidden", ".values", ".scene.blend", "...", "a\nb", "a\tb"}) {
    EXPECT_EQ(reason(with_names({"good", name})), "BAD_INPUT_NAME spec.inputs[1].name") << name;
  }
  EXPECT_EQ(reason(with_names({std::string(256, 'x')})), "BAD_INPUT_NAME spec.inputs[0].name");
  EXPECT_EQ(reason(with_names({std::string(255, 'x')})), "");
  std::string deep = "x";
  while (deep.size() <= kInputNameBytes) deep += "/x";
  EXPECT_EQ(reason(with_names({deep})), "BAD_INPUT_NAME spec.inputs[0].name");
}

TEST(ValidateInputs, names_that_could_not_lie_beside_each_other_are_refused) {
  EXPECT_EQ(reason(with_names({"a", "b", "a"})), "BAD_INPUT_NAME spec.inputs[2].name");
  EXPECT_EQ(reason(with_names({"a/b/c", "x", "a/b"})), "BAD_INPUT_NAME spec.inputs[2].name");
  EXPECT_EQ(reason(with_names({"a", "a/b"})), "BAD_INPUT_NAME spec.inputs[0].name");
  EXPECT_EQ(reason(with_names({"a/b", "ab", "a/bc"})), "");
}

TEST(ValidateInputs, there_is_a_source_and_it_is_a_good_one) {
  v1::JobSpec spec = with_names({"a"});
  spec.mutable_inputs(0)->set_path("relative");
  EXPECT_EQ(reason(spec), "BAD_PATH spec.inputs[0].path");
  spec.mutable_inputs(0)->set_blob("ABC");
  EXPECT_EQ(reason(spec), "BAD_BLOB spec.inputs[0].blob");
  spec.mutable_inputs(0)->clear_source();
  EXPECT_EQ(reason(spec), "BAD_INPUT spec.inputs[0]");
}

TEST(ValidateInputs, there_are_not_too_many) {
  std::vector<std::string> names;
  for (int i = 0; i < kInputs; ++i) names.push_back(std::to_string(i));
  EXPECT_EQ(reason(with_names(names)), "");
  names.emplace_back("one more");
  EXPECT_EQ(reason(with_names(names)), "TOO_MANY_INPUTS spec.inputs");
}

TEST(ValidateScene, is_a_path_or_a_blob_with_the_path_that_it_stands_for) {
  v1::JobSpec spec = script_spec();
  v1::Scene& scene = *spec.mutable_scene();
  scene.set_blob(std::string(64, 'a'));
  EXPECT_EQ(reason(spec), "BAD_PATH spec.scene.original_path");
  scene.set_original_path("x.blend");
  EXPECT_EQ(reason(spec), "BAD_PATH spec.scene.original_path");
  scene.set_original_path("/x/");
  EXPECT_EQ(reason(spec), "BAD_PATH spec.scene.original_path");
  scene.set_original_path("/x.blend");
  EXPECT_EQ(reason(spec), "");
  scene.set_path("/y.blend");
  EXPECT_EQ(reason(spec), "BAD_SCENE spec.scene.path");
  scene.clear_blob();
  EXPECT_EQ(reason(spec), "BAD_SCENE spec.scene.original_path");
  scene.clear_original_path();
  EXPECT_EQ(reason(spec), "");
  scene.clear_path();
  scene.set_blob("abc");
  EXPECT_EQ(reason(spec), "BAD_BLOB spec.scene.blob");
}

}  // namespace
}  // namespace offstage::api
