// SPDX-License-Identifier: Apache-2.0
#include "pool/prepare.h"

#include <nlohmann/json.hpp>

#include "offstage/v1/job.pb.h"
#include "pool/frame.h"
#include "pool/gpus.h"
#include "store/inputs.h"

namespace offstage::pool {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json scene_object(const v1::Scene& scene) {
  if (!scene.blob().empty()) return {{"blob", scene.blob()}, {"original_path", scene.original_path()}, {"trust", scene.trust_blend_scripts()}};
  Json out = {{"path", scene.path()}, {"trust", scene.trust_blend_scripts()}};
  if (scene.has_pin()) {
    const v1::FilePin& pin = scene.pin();
    out["pin"] = {{"size", pin.size()}, {"mtime_ns", pin.mtime_ns()}, {"inode", pin.inode()}, {"device", pin.device()}};
  }
  return out;
}

}  // namespace

std::string scene_text(const v1::Scene& scene) { return text_of(scene_object(scene)); }

Result<std::string> prepare_message(const core::Assignment& assignment, std::string_view bytes, const std::filesystem::path& state) {
  v1::JobSpec spec;
  if (!spec.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{Code::data_loss, "SPEC_UNREADABLE", "the stored spec of the job " + assignment.job.hex() + " cannot be read", "", ""};
  }
  const v1::Script& script = spec.script();
  Json message = {
      {"t", "prepare"},
      {"job", assignment.job.hex()},
      {"number", assignment.number},
      {"script", {{"text", script.text()}, {"name", script.name().empty() ? "script.py" : script.name()}}},
      {"args", Json::array()},
      {"parameters_json", script.parameters_json().empty() ? "{}" : script.parameters_json()},
      {"scene", nullptr},
      {"env", Json::object()},
      {"cpus", assignment.cpus},
      {"memory_bytes", assignment.memory_bytes},
      {"on_warning", spec.policy().on_warning() == v1::ON_WARNING_FAIL ? "fail" : "warn"},
      {"umask", 077},
      {"nice", 0},
  };
  for (const std::string& argument : script.args()) message["args"].push_back(argument);
  const std::filesystem::path inputs = store::inputs_folder(state, assignment.job);
  if (spec.has_scene()) message["scene"] = scene_object(spec.scene());
  if (!spec.scene().blob().empty()) message["scene"]["path"] = (inputs / store::scene_file).string();
  if (spec.inputs_size() > 0) {
    message["inputs"] = {{"folder", inputs.string()}, {"files", Json::array()}};
    for (const v1::Input& input : spec.inputs()) message["inputs"]["files"].push_back(input.name());
  }
  for (const auto& [name, value] : spec.environment().variables()) message["env"][name] = value;
  for (const auto& [name, value] : assignment.gpus.empty() ? Variables() : visible_gpus(assignment.gpus)) message["environ"][name] = value;
  std::string text = text_of(message);
  if (text.size() > max_frame_bytes) {
    return Error{Code::invalid_argument, "SPEC_TOO_LARGE",
                 "script, arguments and parameters of the job " + assignment.job.hex() + " are " + std::to_string(text.size()) +
                     " bytes on the wire to its worker, where 8 MiB is the most",
                 "put large data into a file and pass its path", ""};
  }
  return text;
}

std::string limits_message(const core::Assignment& assignment) {
  Json deadline;
  if (assignment.run_timeout.count() > 0) deadline = static_cast<double>(assignment.run_timeout.count()) / 1e6;
  return text_of({{"t", "limits"}, {"attempt", assignment.attempt.hex()}, {"memory_bytes", assignment.memory_bytes}, {"deadline_s", deadline}});
}

std::string plain_message(std::string_view type) { return R"({"t":")" + std::string(type) + R"("})"; }
std::string plain_message(std::string_view type, AttemptId attempt) { return R"({"t":")" + std::string(type) + R"(","attempt":")" + attempt.hex() + R"("})"; }

}  // namespace offstage::pool
