// SPDX-License-Identifier: Apache-2.0
#include "api/validate.h"

#include <algorithm>

#include "api/json_object.h"
#include "api/limits.h"
#include "api/text.h"
#include "api/validate_environment.h"
#include "api/validate_gpus.h"
#include "api/validate_inputs.h"
#include "api/validate_policy.h"

namespace offstage::api {
namespace {

Status check_display_name(const std::string& name, const Where& where) {
  if (name.size() > kDisplayNameBytes) {
    return bad_field(where, "display_name", "BAD_DISPLAY_NAME", "the job's name has " + std::to_string(name.size()) + " bytes, and at most 256 are allowed",
                     "choose a shorter name");
  }
  if (const auto at = control_character(name)) {
    return bad_field(where, "display_name", "BAD_DISPLAY_NAME",
                     "the job's name " + in_quotes(name) + " has a line break or another control character at byte " + std::to_string(*at),
                     "use one line of plain text");
  }
  return Done{};
}

Status check_name(const std::string& name, const Where& where) {
  const bool plain = name.find('/') == std::string::npos && name != "." && name != "..";
  if (name.size() > kPathBytes || control_character(name) || !(plain || name.front() == '/')) {
    return bad_field(where, "script.name", "BAD_SCRIPT_NAME", "the script's name " + in_quotes(name) + " is neither an absolute path nor a plain file name",
                     "give the file's absolute path, or a name such as script.py");
  }
  return Done{};
}

Status check_parameters(const std::string& text, const Where& where) {
  if (text.empty()) return Done{};
  if (text.size() > kParametersBytes) {
    return bad_field(where, "script.parameters_json", "PARAMETERS_TOO_LARGE",
                     "the parameters have " + std::to_string(text.size()) + " bytes, and at most " + std::to_string(kParametersBytes) + " are allowed",
                     "put large data into a file and pass its path");
  }
  if (const auto fault = not_a_json_object(text)) {
    return bad_field(where, "script.parameters_json", "BAD_PARAMETERS", "the parameters' text " + *fault,
                     R"(give a JSON object such as {"frame": 1}; for NaN and infinities write {"$float": "nan"})");
  }
  return Done{};
}

Status check_script(const v1::Script& script, const Where& where) {
  switch (script.source_case()) {
    case v1::Script::kText:
      if (script.text().size() > kInlineScriptBytes) {
        return bad_field(
            where, "script.text", "SCRIPT_TOO_LARGE",
            "the script has " + std::to_string(script.text().size()) + " bytes, and at most " + std::to_string(kInlineScriptBytes) + " are allowed",
            "move data out of the script into a file");
      }
      break;
    case v1::Script::kPath:
      if (auto good = validate_path(script.path(), "script", where, "script.path"); !good) return good;
      break;
    case v1::Script::SOURCE_NOT_SET:
      return bad_field(where, "script", "NO_SCRIPT", "the script has neither text nor a path", "set script.text or script.path");
  }
  if (!script.name().empty()) {
    if (auto good = check_name(script.name(), where); !good) return good;
  }
  if (script.args_size() > kArguments) {
    return bad_field(where, "script.args", "TOO_MANY_ARGUMENTS", "there are " + std::to_string(script.args_size()) + " arguments, and at most 1000 are allowed",
                     "pass lists as parameters");
  }
  return check_parameters(script.parameters_json(), where);
}

}  // namespace

std::string Where::path(std::string_view field) const {
  std::string out = index < 0 ? "spec" : "specs[" + std::to_string(index) + "]";
  if (!field.empty()) out.append(".").append(field);
  return out;
}

Error bad_field(const Where& where, std::string_view field, std::string reason, std::string message, std::string hint) {
  return {Code::invalid_argument, std::move(reason), std::move(message), std::move(hint), where.path(field)};
}

Status validate_labels(const google::protobuf::Map<std::string, std::string>& labels, const Where& where, std::string_view field) {
  if (labels.size() > static_cast<std::size_t>(kLabels)) {
    return bad_field(where, field, "BAD_LABELS", "there are " + std::to_string(labels.size()) + " labels, and at most 64 are allowed", "use fewer labels");
  }
  const auto good_key = [](std::string_view key) {
    const auto rest = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'; };
    return !key.empty() && key.size() <= 63 && key.front() >= 'a' && key.front() <= 'z' && std::all_of(key.begin(), key.end(), rest);
  };
  for (const auto& [key, value] : labels) {
    if (!good_key(key)) {
      return bad_field(where, field, "BAD_LABELS", "the label key " + in_quotes(key) + " does not match [a-z][a-z0-9_.-]{0,62}",
                       "use lower-case letters, digits, '_', '.' and '-', beginning with a letter");
    }
    if (value.size() > kLabelValueBytes || control_character(value)) {
      return bad_field(where, field, "BAD_LABELS", "the value of the label " + in_quotes(key) + " is longer than 256 bytes or has a control character",
                       "use a short line of plain text");
    }
  }
  return Done{};
}

Status validate_path(const std::string& path, std::string_view what, const Where& where, std::string_view field) {
  if (path.empty())
    return bad_field(where, field, "BAD_PATH", "the path of the " + std::string(what) + " is empty", "give an absolute path on the daemon's machine");
  if (path.front() != '/') {
    return bad_field(where, field, "BAD_PATH", "the path of the " + std::string(what) + ", " + in_quotes(path) + ", is not absolute",
                     "the daemon has another working directory: give an absolute path");
  }
  if (path.size() > kPathBytes || path.find('\0') != std::string::npos) {
    return bad_field(where, field, "BAD_PATH", "the path of the " + std::string(what) + " is longer than 4096 bytes or contains a NUL",
                     "give a path that exists");
  }
  return Done{};
}

Status validate_priority(int priority, const Where& where, std::string_view field) {
  if (priority >= -kPriority && priority <= kPriority) return Done{};
  return bad_field(where, field, "BAD_PRIORITY", "the priority " + std::to_string(priority) + " is outside -1000 to 1000",
                   "choose from -1000 to 1000; from 100 on a job is interactive");
}

Status validate(const v1::JobSpec& spec, const Where& where) {
  if (auto good = check_display_name(spec.display_name(), where); !good) return good;
  if (auto good = validate_labels(spec.labels(), where, "labels"); !good) return good;
  if (!spec.has_script()) return bad_field(where, "script", "NO_SCRIPT", "the spec has no work", "set spec.script");
  if (auto good = check_script(spec.script(), where); !good) return good;
  if (spec.has_scene()) {
    if (auto good = validate_scene(spec.scene(), where); !good) return good;
  }
  if (auto good = validate_inputs(spec, where); !good) return good;
  if (!spec.deliver_to().empty()) {
    if (auto good = validate_path(spec.deliver_to(), "folder for the results", where, "deliver_to"); !good) return good;
  }
  if (auto good = validate_environment(spec.environment(), where); !good) return good;
  if (auto good = validate_gpus(spec, where); !good) return good;
  if (auto good = validate_resources(spec.resources(), where); !good) return good;
  if (auto good = validate_policy(spec.policy(), where); !good) return good;
  return validate_priority(spec.priority(), where, "priority");
}

}  // namespace offstage::api
