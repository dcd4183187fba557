// SPDX-License-Identifier: Apache-2.0
//
// Each bad input gets its own error: the code, the reason, the field, and words that name the fault.
#include "api/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "api/json_object.h"
#include "specs.h"

namespace offstage::api {
namespace {

using google::protobuf::Duration;
using testing::HasSubstr;

struct Bad {
  const char* name;
  std::function<void(v1::JobSpec&)> spoil;
  const char* reason;
  const char* field;
  const char* words;
};

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

Duration duration(std::int64_t seconds, int nanos = 0) {
  Duration out;
  out.set_seconds(seconds);
  out.set_nanos(nanos);
  return out;
}

class Refused : public testing::TestWithParam<Bad> {};

TEST_P(Refused, with_reason_field_and_words) {
  v1::JobSpec spec = script_spec();
  ASSERT_TRUE(validate(spec, {})) << "the spec is good before";
  GetParam().spoil(spec);
  const Status status = validate(spec, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::invalid_argument);
  EXPECT_EQ(status.error().reason, GetParam().reason);
  EXPECT_EQ(status.error().field, GetParam().field);
  EXPECT_THAT(status.error().message, HasSubstr(GetParam().words));
  EXPECT_FALSE(status.error().hint.empty());
  EXPECT_LT(status.error().message.size(), 500U);
}

const Bad kBad[] = {
    {"no_work", [](auto& s) { s.clear_script(); }, "NO_SCRIPT", "spec.script", "no work"},
    {"no_source", [](auto& s) { s.mutable_script()->clear_source(); }, "NO_SCRIPT", "spec.script", "neither text nor a path"},
    {"script_too_large", [](auto& s) { s.mutable_script()->set_text(std::string((1 << 20) + 1, 'x')); }, "SCRIPT_TOO_LARGE", "spec.script.text",
     "1048577 bytes"},
    {"relative_script", [](auto& s) { s.mutable_script()->set_path("x.py"); }, "BAD_PATH", "spec.script.path", "not absolute"},
    {"empty_script_path", [](auto& s) { s.mutable_script()->set_path(""); }, "BAD_PATH", "spec.script.path", "is empty"},
    {"script_name_in_a_folder", [](auto& s) { s.mutable_script()->set_name("a/b.py"); }, "BAD_SCRIPT_NAME", "spec.script.name", "plain file name"},
    {"too_many_arguments",
     [](auto& s) {
       for (int i = 0; i < 1001; ++i) s.mutable_script()->add_args("x");
     },
     "TOO_MANY_ARGUMENTS", "spec.script.args", "1001 arguments"},
    {"parameters_no_object", [](auto& s) { s.mutable_script()->set_parameters_json("[1]"); }, "BAD_PARAMETERS", "spec.script.parameters_json",
     "is an array, and must be an object"},
    {"parameters_broken", [](auto& s) { s.mutable_script()->set_parameters_json("{\"a\": }"); }, "BAD_PARAMETERS", "spec.script.parameters_json",
     "is not JSON at byte 7"},
    {"parameters_with_a_nul", [](auto& s) { s.mutable_script()->set_parameters_json(std::string("{}\0{", 4)); }, "BAD_PARAMETERS",
     "spec.script.parameters_json", "at byte 3"},
    {"parameters_with_a_byte_order_mark", [](auto& s) { s.mutable_script()->set_parameters_json("\xEF\xBB\xBF{}"); }, "BAD_PARAMETERS",
     "spec.script.parameters_json", "byte order mark"},
    {"parameters_too_deep", [](auto& s) { s.mutable_script()->set_parameters_json("{\"a\": " + std::string(500, '[') + std::string(500, ']') + "}"); },
     "BAD_PARAMETERS", "spec.script.parameters_json", "deeper than 500"},
    {"parameters_nan", [](auto& s) { s.mutable_script()->set_parameters_json("{\"a\": NaN}"); }, "BAD_PARAMETERS", "spec.script.parameters_json",
     "is not JSON at byte 7"},
    {"parameters_too_large", [](auto& s) { s.mutable_script()->set_parameters_json("{\"a\": \"" + std::string(1 << 20, 'x') + "\"}"); }, "PARAMETERS_TOO_LARGE",
     "spec.script.parameters_json", "1048585 bytes"},
    {"relative_scene", [](auto& s) { s.mutable_scene()->set_path("x.blend"); }, "BAD_PATH", "spec.scene.path", "path of the scene"},
    {"long_name", [](auto& s) { s.set_display_name(std::string(10'000, 'n')); }, "BAD_DISPLAY_NAME", "spec.display_name", "10000 bytes"},
    {"name_with_a_line_break", [](auto& s) { s.set_display_name("a\nb"); }, "BAD_DISPLAY_NAME", "spec.display_name", "at byte 1"},
    {"name_with_an_escape", [](auto& s) { s.set_display_name("\x1b[31m"); }, "BAD_DISPLAY_NAME", "spec.display_name", "\\x1b"},
    {"label_key", [](auto& s) { (*s.mutable_labels())["Shot"] = "1"; }, "BAD_LABELS", "spec.labels", "\"Shot\""},
    {"label_value", [](auto& s) { (*s.mutable_labels())["shot"] = "a\tb"; }, "BAD_LABELS", "spec.labels", "control character"},
    {"too_many_labels",
     [](auto& s) {
       for (int i = 0; i < 65; ++i) (*s.mutable_labels())["l" + std::to_string(i)] = "";
     },
     "BAD_LABELS", "spec.labels", "65 labels"},
    {"isolation", [](auto& s) { s.mutable_environment()->set_isolation(static_cast<v1::Isolation>(9)); }, "BAD_ISOLATION", "spec.environment.isolation", "9"},
    {"selector", [](auto& s) { s.mutable_environment()->set_blender("4.5\n"); }, "BAD_BLENDER_SELECTOR", "spec.environment.blender", "control character"},
    {"preferences", [](auto& s) { s.mutable_environment()->set_preferences("userpref.blend"); }, "BAD_PATH", "spec.environment.preferences", "userpref.blend"},
    {"python_path", [](auto& s) { s.mutable_environment()->add_python_paths("lib"); }, "BAD_PATH", "spec.environment.python_paths[0]", "not absolute"},
    {"script_folders",
     [](auto& s) {
       for (int i = 0; i < 65; ++i) s.mutable_environment()->add_script_folders("/x");
     },
     "TOO_MANY_PATHS", "spec.environment.script_folders", "65"},
    {"asset_library_name", [](auto& s) { s.mutable_environment()->add_asset_libraries()->set_path("/x"); }, "BAD_ASSET_LIBRARY",
     "spec.environment.asset_libraries[0].name", "is empty"},
    {"asset_library_twice",
     [](auto& s) {
       for (int i = 0; i < 2; ++i) {
         auto& library = *s.mutable_environment()->add_asset_libraries();
         library.set_name("props");
         library.set_path("/x");
       }
     },
     "BAD_ASSET_LIBRARY", "spec.environment.asset_libraries[1].name", "\"props\""},
    {"asset_library_path", [](auto& s) { s.mutable_environment()->add_asset_libraries()->set_name("props"); }, "BAD_PATH",
     "spec.environment.asset_libraries[0].path", "not absolute"},
    {"gpus", [](auto& s) { s.mutable_resources()->set_gpus(65); }, "BAD_GPUS", "spec.resources.gpus", "65"},
    {"compute", [](auto& s) { s.mutable_environment()->set_compute(static_cast<v1::Compute>(9)); }, "BAD_COMPUTE", "spec.environment.compute", "9"},
    {"compute_without_gpus", [](auto& s) { s.mutable_environment()->set_compute(v1::COMPUTE_CUDA); }, "BAD_COMPUTE", "spec.environment.compute",
     "CUDA is asked for, and no GPU"},
    {"gpus_of_a_fork",
     [](auto& s) {
       s.mutable_resources()->set_gpus(1);
       s.mutable_environment()->set_isolation(v1::ISOLATION_FORK);
     },
     "BAD_ISOLATION", "spec.environment.isolation", "cannot be forked"},
    {"visible_devices", [](auto& s) { (*s.mutable_environment()->mutable_variables())["CUDA_VISIBLE_DEVICES"] = "0"; }, "RESERVED_VARIABLE",
     "spec.environment.variables", "CUDA_VISIBLE_DEVICES"},
    {"wrapper_relative", [](auto& s) { s.mutable_environment()->add_wrapper("bin/wrap"); }, "BAD_WRAPPER", "spec.environment.wrapper", "bin/wrap"},
    {"wrapper_empty", [](auto& s) { s.mutable_environment()->add_wrapper(""); }, "BAD_WRAPPER", "spec.environment.wrapper", "neither a name"},
    {"wrapper_long",
     [](auto& s) {
       for (int i = 0; i < 65; ++i) s.mutable_environment()->add_wrapper("x");
     },
     "BAD_WRAPPER", "spec.environment.wrapper", "65"},
    {"addon", [](auto& s) { s.mutable_environment()->add_addons()->set_module("os; x"); }, "BAD_ADDON", "spec.environment.addons[0].module", "os; x"},
    {"addon_none", [](auto& s) { s.mutable_environment()->add_addons(); }, "BAD_ADDON", "spec.environment.addons[0].module", "\"\""},
    {"addon_path",
     [](auto& s) {
       auto& addon = *s.mutable_environment()->add_addons();
       addon.set_module("bl_ext.user.shapes");
       addon.set_path("/x");
     },
     "BAD_ADDON", "spec.environment.addons[0].module", "one name"},
    {"addon_preferences",
     [](auto& s) {
       auto& addon = *s.mutable_environment()->add_addons();
       addon.set_module("shapes");
       addon.set_preferences_json("[1]");
     },
     "BAD_ADDON", "spec.environment.addons[0].preferences_json", "shapes"},
    {"variable_name", [](auto& s) { (*s.mutable_environment()->mutable_variables())["A-B"] = ""; }, "BAD_VARIABLES", "spec.environment.variables", "A-B"},
    {"variable_reserved", [](auto& s) { (*s.mutable_environment()->mutable_variables())["LD_PRELOAD"] = ""; }, "RESERVED_VARIABLE",
     "spec.environment.variables", "LD_PRELOAD"},
    {"variable_of_ours", [](auto& s) { (*s.mutable_environment()->mutable_variables())["OFFSTAGE_STATE_ID"] = ""; }, "RESERVED_VARIABLE",
     "spec.environment.variables", "OFFSTAGE_STATE_ID"},
    {"pythonhome", [](auto& s) { (*s.mutable_environment()->mutable_variables())["PYTHONHOME"] = "/x"; }, "RESERVED_VARIABLE", "spec.environment.variables",
     "PYTHONHOME"},
    {"little_memory", [](auto& s) { s.mutable_resources()->set_memory_bytes(1000); }, "BAD_MEMORY", "spec.resources.memory_bytes", "1000 bytes"},
    {"negative_memory", [](auto& s) { s.mutable_resources()->set_memory_bytes(-1); }, "BAD_MEMORY", "spec.resources.memory_bytes", "-1 bytes"},
    {"negative_timeout", [](auto& s) { *s.mutable_policy()->mutable_run_timeout() = duration(-1); }, "BAD_DURATION", "spec.policy.run_timeout", "-1 s"},
    {"zero_timeout", [](auto& s) { *s.mutable_policy()->mutable_queue_timeout() = duration(0); }, "BAD_DURATION", "spec.policy.queue_timeout",
     "from 1 ms to 365 days"},
    {"huge_timeout", [](auto& s) { *s.mutable_policy()->mutable_progress_timeout() = duration(365LL * 86400, 1); }, "BAD_DURATION",
     "spec.policy.progress_timeout", "365 days"},
    {"malformed_timeout", [](auto& s) { *s.mutable_policy()->mutable_start_timeout() = duration(1, -5); }, "BAD_DURATION", "spec.policy.start_timeout",
     "start_timeout"},
    {"long_grace", [](auto& s) { *s.mutable_policy()->mutable_cancel_grace() = duration(3601); }, "BAD_DURATION", "spec.policy.cancel_grace", "1 h"},
    {"many_attempts", [](auto& s) { s.mutable_policy()->set_max_attempts(101); }, "BAD_MAX_ATTEMPTS", "spec.policy.max_attempts", "101"},
    {"retry_on_nothing", [](auto& s) { s.mutable_policy()->add_retry_on(v1::REASON_UNSPECIFIED); }, "BAD_RETRY_ON", "spec.policy.retry_on", "0"},
    {"priority", [](auto& s) { s.set_priority(-1001); }, "BAD_PRIORITY", "spec.priority", "-1001"},
};

INSTANTIATE_TEST_SUITE_P(Validate, Refused, testing::ValuesIn(kBad), [](const auto& info) { return std::string(info.param.name); });

TEST(Validate, the_widest_good_spec_passes) {
  v1::JobSpec spec = script_spec(std::string(1 << 20, '#'));
  spec.mutable_script()->set_name("/a b/ü.py");
  spec.mutable_script()->set_parameters_json(R"({"n": 1208925819614629174706176, "f": {"$float": "nan"}, "d": [[[]]]})");
  spec.mutable_scene()->set_path("/x.blend");
  spec.set_display_name(std::string(256, 'n'));
  for (int i = 0; i < 64; ++i) (*spec.mutable_labels())["l" + std::to_string(i)] = std::string(256, 'v');
  *spec.mutable_policy()->mutable_run_timeout() = duration(0, 1'000'000);
  *spec.mutable_policy()->mutable_queue_timeout() = duration(365LL * 86400);
  *spec.mutable_policy()->mutable_cancel_grace() = duration(0);
  spec.mutable_policy()->set_max_attempts(100);
  spec.mutable_resources()->set_memory_bytes(64 << 20);
  spec.set_priority(1000);
  const Status status = validate(spec, {});
  EXPECT_TRUE(status) << status.error().message;
}

TEST(Validate, a_field_of_a_batch_is_named_with_its_place) {
  v1::JobSpec spec = script_spec();
  spec.set_priority(2000);
  EXPECT_EQ(validate(spec, {.index = 12}).error().field, "specs[12].priority");
}

TEST(Validate, only_what_blender_reads_at_start_needs_a_blender_of_its_own) {
  for (const char* name : {"OCIO", "BLENDER_USER_RESOURCES", "LANG", "LC_ALL", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"})
    EXPECT_TRUE(read_at_start(name)) << name;
  for (const char* name : {"PATH", "PYTHONPATH", "SHOT", "LCD", "OCIO_X"}) EXPECT_FALSE(read_at_start(name)) << name;
}

TEST(JsonObject, is_nested_no_deeper_than_python_reads_and_looking_costs_no_stack) {
  const auto nested = [](std::size_t levels) { return "{\"a\": " + std::string(levels, '[') + std::string(levels, ']') + "}"; };
  EXPECT_FALSE(not_a_json_object(nested(499)));
  for (const std::size_t levels : {500, 400'000}) EXPECT_THAT(*not_a_json_object(nested(levels)), HasSubstr("deeper than 500"));
}

TEST(JsonObject, says_what_it_is_instead) {
  EXPECT_THAT(*not_a_json_object("3"), HasSubstr("is a number"));
  EXPECT_THAT(*not_a_json_object("null"), HasSubstr("is null"));
  EXPECT_THAT(*not_a_json_object("\"x\""), HasSubstr("is a string"));
  EXPECT_THAT(*not_a_json_object("{\"a\": 1e999}"), HasSubstr("beyond what a double holds"));
  EXPECT_THAT(*not_a_json_object("{} x"), HasSubstr("byte 4"));
  EXPECT_THAT(*not_a_json_object("{\"a\": Infinity}"), HasSubstr("is not JSON"));
}

}  // namespace
}  // namespace offstage::api
