// SPDX-License-Identifier: Apache-2.0
#include <offstage/script.h>

#include "convert.h"

namespace offstage::inline client {
namespace {

/// Remembers the first text that is not UTF-8: protobuf would send it and the server would drop the whole message without a word.
class Utf8Check {
 public:
  const std::string& operator()(const std::string& text, const std::string& field) {
    if (bad_field_.empty() && !is_utf8(text)) bad_field_ = field;
    return text;
  }
  Status status() const {
    if (bad_field_.empty()) return Done{};
    return Error{.code = Code::invalid_argument,
                 .reason = "NOT_UTF8",
                 .message = "a text is not UTF-8",
                 .hint = "only UTF-8 can be sent; rename the file, or encode the bytes",
                 .fields = {{"field", bad_field_}}};
  }

 private:
  std::string bad_field_;
};

void set(const std::optional<Duration>& from, google::protobuf::Duration* (pb::Policy::*to)(), pb::Policy& policy) {
  if (from) *(policy.*to)() = to_proto(*from);
}

void convert(const Policy& from, pb::Policy& to) {
  set(from.queue_timeout, &pb::Policy::mutable_queue_timeout, to);
  set(from.start_timeout, &pb::Policy::mutable_start_timeout, to);
  set(from.run_timeout, &pb::Policy::mutable_run_timeout, to);
  set(from.progress_timeout, &pb::Policy::mutable_progress_timeout, to);
  set(from.cancel_grace, &pb::Policy::mutable_cancel_grace, to);
  to.set_max_attempts(from.max_attempts);
  to.set_on_warning(static_cast<pb::OnWarning>(from.on_warning));
  for (const Reason reason : from.retry_on) to.add_retry_on(static_cast<pb::Reason>(reason));
}

/// What it has loaded.
void convert(const Environment& from, pb::Environment& to, Utf8Check& utf8) {
  to.set_preferences(utf8(from.preferences, "spec.environment.preferences"));
  for (const std::string& path : from.python_paths) to.add_python_paths(utf8(path, "spec.environment.python_paths"));
  for (const std::string& path : from.script_folders) to.add_script_folders(utf8(path, "spec.environment.script_folders"));
  to.set_compute(static_cast<pb::Compute>(from.compute));
  for (const std::string& word : from.wrapper) to.add_wrapper(utf8(word, "spec.environment.wrapper"));
  for (const AssetLibrary& library : from.asset_libraries) {
    pb::AssetLibrary& out = *to.add_asset_libraries();
    out.set_name(utf8(library.name, "spec.environment.asset_libraries.name"));
    out.set_path(utf8(library.path, "spec.environment.asset_libraries.path"));
  }
  for (const Addon& addon : from.addons) {
    pb::Addon& out = *to.add_addons();
    out.set_module(utf8(addon.module, "spec.environment.addons.module"));
    out.set_version(utf8(addon.version, "spec.environment.addons.version"));
    out.set_path(utf8(addon.path, "spec.environment.addons.path"));
    out.set_preferences_json(utf8(addon.preferences_json, "spec.environment.addons.preferences_json"));
  }
}

void convert(const Script& from, pb::Script& to, Utf8Check& utf8) {
  if (!from.path.empty() && from.text.empty()) {
    to.set_path(utf8(from.path, "spec.script.path"));
  } else {
    to.set_text(utf8(from.text, "spec.script.text"));
  }
  to.set_name(utf8(from.name, "spec.script.name"));
  for (std::size_t i = 0; i < from.args.size(); ++i) to.add_args(utf8(from.args[i], "spec.script.args[" + std::to_string(i) + "]"));
  to.set_parameters_json(utf8(from.parameters_json, "spec.script.parameters_json"));
}

}  // namespace

google::protobuf::Duration to_proto(Duration duration) {
  google::protobuf::Duration out;
  out.set_seconds(duration.count() / 1'000'000);
  out.set_nanos(static_cast<int>(duration.count() % 1'000'000) * 1'000);
  return out;
}

Status to_proto(const JobSpec& spec, pb::JobSpec& out) {
  Utf8Check utf8;
  out.set_display_name(utf8(spec.display_name, "spec.display_name"));
  for (const auto& [key, value] : spec.labels) (*out.mutable_labels())[utf8(key, "spec.labels")] = utf8(value, "spec.labels");
  convert(spec.script, *out.mutable_script(), utf8);
  if (spec.scene) {
    out.mutable_scene()->set_path(utf8(spec.scene->path, "spec.scene.path"));
    out.mutable_scene()->set_trust_blend_scripts(spec.scene->trust_blend_scripts);
    out.mutable_scene()->set_blob(utf8(spec.scene->blob, "spec.scene.blob"));
    out.mutable_scene()->set_original_path(utf8(spec.scene->original_path, "spec.scene.original_path"));
  }
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    const Input& input = spec.inputs[i];
    const std::string field = "spec.inputs[" + std::to_string(i) + "].";
    pb::Input& to = *out.add_inputs();
    to.set_name(utf8(input.name, field + "name"));
    if (!input.path.empty()) to.set_path(utf8(input.path, field + "path"));
    if (!input.blob.empty()) to.set_blob(utf8(input.blob, field + "blob"));
  }
  pb::Environment& environment = *out.mutable_environment();
  environment.set_blender(utf8(spec.environment.blender, "spec.environment.blender"));
  environment.set_isolation(static_cast<pb::Isolation>(spec.environment.isolation));
  for (const auto& [key, value] : spec.environment.variables)
    (*environment.mutable_variables())[utf8(key, "spec.environment.variables")] = utf8(value, "spec.environment.variables");
  convert(spec.environment, environment, utf8);
  out.mutable_resources()->set_cpus(spec.resources.cpus);
  out.mutable_resources()->set_memory_bytes(spec.resources.memory_bytes);
  out.mutable_resources()->set_gpus(spec.resources.gpus);
  convert(spec.policy, *out.mutable_policy());
  out.set_priority(spec.priority);
  out.set_held(spec.held);
  out.set_deliver_to(utf8(spec.deliver_to, "spec.deliver_to"));
  return utf8.status();
}

}  // namespace offstage::inline client
