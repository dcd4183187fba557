// SPDX-License-Identifier: Apache-2.0
#include "pool/prepare.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "offstage/v1/job.pb.h"

namespace offstage::pool {
namespace {

using Json = nlohmann::json;

core::Assignment assignment() {
  core::Assignment out;
  out.attempt = AttemptId::random();
  out.job = JobId::random();
  out.number = 2;
  return out;
}

Json prepared(const v1::JobSpec& spec, const core::Assignment& to = assignment()) {
  const auto message = prepare_message(to, spec.SerializeAsString(), "/state");
  EXPECT_TRUE(message);
  return Json::parse(*message);
}

TEST(Prepare, carries_all_that_the_worker_needs) {
  v1::JobSpec spec;
  spec.mutable_script()->set_text("print('ü')\n");
  spec.mutable_script()->set_name("/shots/a b.py");
  spec.mutable_script()->add_args("--x");
  spec.mutable_script()->set_parameters_json(R"({"big":1208925819614629174706176})");
  spec.mutable_scene()->set_path("/shots/010.blend");
  spec.mutable_scene()->set_trust_blend_scripts(true);
  (*spec.mutable_environment()->mutable_variables())["SHOT"] = "010";
  v1::FilePin& pin = *spec.mutable_scene()->mutable_pin();
  pin.set_size(1);
  pin.set_mtime_ns(1'700'000'000'123'456'789);
  pin.set_inode(18'446'744'073'709'551'615U);
  pin.set_device(4);
  spec.mutable_policy()->set_on_warning(v1::ON_WARNING_FAIL);
  auto to = assignment();
  to.cpus = 3;
  to.memory_bytes = 1 << 30;
  to.gpus = {"1"};
  const Json message = prepared(spec, to);
  EXPECT_EQ(message["t"], "prepare");
  EXPECT_EQ(message["job"], to.job.hex());
  EXPECT_EQ(message["number"], 2);
  EXPECT_EQ(message["script"], (Json{{"text", "print('ü')\n"}, {"name", "/shots/a b.py"}}));
  EXPECT_EQ(message["args"], Json::array({"--x"}));
  EXPECT_EQ(message["parameters_json"], R"({"big":1208925819614629174706176})");
  EXPECT_EQ(message["scene"], (Json{{"path", "/shots/010.blend"},
                                    {"trust", true},
                                    {"pin", {{"size", 1}, {"mtime_ns", 1'700'000'000'123'456'789}, {"inode", 18'446'744'073'709'551'615U}, {"device", 4}}}}));
  EXPECT_EQ(message["on_warning"], "fail");
  EXPECT_EQ(message["env"], (Json{{"SHOT", "010"}}));
  EXPECT_EQ(message["cpus"], 3);
  EXPECT_EQ(message["memory_bytes"], 1 << 30);
  EXPECT_EQ(message["umask"], 077);
  EXPECT_EQ(message["environ"]["CUDA_VISIBLE_DEVICES"], "1");
}

TEST(Prepare, what_is_not_said_has_its_default) {
  v1::JobSpec spec;
  spec.mutable_script()->set_text("1");
  const Json message = prepared(spec);
  EXPECT_EQ(message["script"]["name"], "script.py");
  EXPECT_EQ(message["parameters_json"], "{}");
  EXPECT_TRUE(message["scene"].is_null());
  EXPECT_EQ(message["on_warning"], "warn");
  EXPECT_TRUE(message["args"].is_array());
  EXPECT_FALSE(message.contains("inputs"));
  EXPECT_FALSE(message.contains("environ"));
}

TEST(Prepare, inputs_and_a_scene_by_value_lie_in_the_job_s_folder) {
  v1::JobSpec spec;
  spec.mutable_script()->set_text("1");
  auto* input = spec.add_inputs();
  input->set_name("textures/wood.png");
  input->set_path("/home/u/wood.png");
  spec.mutable_scene()->set_blob(std::string(64, 'a'));
  spec.mutable_scene()->set_original_path("/home/u/x.blend");
  const auto to = assignment();
  const Json message = prepared(spec, to);
  const std::string folder = "/state/inputs/" + to.job.hex();
  EXPECT_EQ(message["inputs"], (Json{{"folder", folder}, {"files", {"textures/wood.png"}}}));
  EXPECT_EQ(message["scene"],
            (Json{{"path", folder + "/.scene.blend"}, {"blob", std::string(64, 'a')}, {"original_path", "/home/u/x.blend"}, {"trust", false}}));
}

TEST(Prepare, a_scene_is_named_by_its_stamp_or_by_its_hash_and_where_it_belongs) {
  v1::Scene by_value;
  by_value.set_blob(std::string(64, 'a'));
  by_value.set_original_path("/a/x.blend");
  v1::Scene elsewhere = by_value;
  elsewhere.set_original_path("/b/x.blend");
  v1::Scene trusted = by_value;
  trusted.set_trust_blend_scripts(true);
  v1::Scene saved_since = by_value;
  saved_since.set_blob(std::string(64, 'b'));
  v1::Scene by_path;
  by_path.set_path("/a/x.blend");
  const std::set<std::string> names{scene_text(by_value), scene_text(elsewhere), scene_text(trusted), scene_text(saved_since), scene_text(by_path)};
  EXPECT_EQ(names.size(), 5U);
  EXPECT_EQ(scene_text(v1::Scene(by_value)), scene_text(by_value));
}

TEST(Prepare, a_broken_spec_is_an_error) { EXPECT_EQ(prepare_message(assignment(), "\xff\xff", "/state").error().reason, "SPEC_UNREADABLE"); }

TEST(Prepare, what_no_frame_can_hold_is_an_error) {
  v1::JobSpec spec;
  spec.mutable_script()->set_text(std::string(9 << 20, 'x'));
  EXPECT_EQ(prepare_message(assignment(), spec.SerializeAsString(), "/state").error().reason, "SPEC_TOO_LARGE");
}

TEST(Limits, a_deadline_is_in_seconds_or_null) {
  auto to = assignment();
  EXPECT_TRUE(Json::parse(limits_message(to))["deadline_s"].is_null());
  to.run_timeout = Micros(1'500'000);
  EXPECT_EQ(Json::parse(limits_message(to))["deadline_s"], 1.5);
  EXPECT_EQ(Json::parse(limits_message(to))["attempt"], to.attempt.hex());
}

}  // namespace
}  // namespace offstage::pool
