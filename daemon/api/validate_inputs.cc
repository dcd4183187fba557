// SPDX-License-Identifier: Apache-2.0
#include "api/validate_inputs.h"

#include <set>

#include "api/limits.h"
#include "api/names.h"
#include "api/text.h"

namespace offstage::api {
namespace {

constexpr std::size_t kComponentBytes = 255;

/// What is wrong with it; empty: nothing.
std::string fault(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.front() == '/') return "is absolute";
  if (name.size() > kInputNameBytes) return "has more than " + std::to_string(kInputNameBytes) + " bytes";
  if (control_character(name)) return "has a line break or another control character";
  if (name.front() == '.' && !name.starts_with(".values/") && !name.starts_with(".blocks/")) return "begins with a dot";
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t to = std::min(name.find('/', from), name.size());
    const std::string_view component = name.substr(from, to - from);
    if (component.empty() || component == "." || component == "..") return "has an empty part, or one that is \".\" or \"..\"";
    if (component.size() > kComponentBytes) return "has a part of more than " + std::to_string(kComponentBytes) + " bytes";
    from = to + 1;
  }
  return {};
}

std::string field_of(int index, std::string_view rest) { return "inputs[" + std::to_string(index) + "]" + std::string(rest); }

Status check_blob(const std::string& text, const Where& where, std::string_view field) {
  if (const auto name = parse_blob(text, where.path(field)); !name) return name.error();
  return Done{};
}

Status check_source(const v1::Input& input, const Where& where, int index) {
  switch (input.source_case()) {
    case v1::Input::kPath:
      return validate_path(input.path(), "input", where, field_of(index, ".path"));
    case v1::Input::kBlob:
      return check_blob(input.blob(), where, field_of(index, ".blob"));
    case v1::Input::SOURCE_NOT_SET:
      break;
  }
  return bad_field(where, field_of(index, ""), "BAD_INPUT", "the input " + in_quotes(input.name()) + " has neither a path nor a blob", "set one of the two");
}

}  // namespace

Status validate_inputs(const v1::JobSpec& spec, const Where& where) {
  if (spec.inputs_size() > kInputs) {
    return bad_field(where, "inputs", "TOO_MANY_INPUTS", "there are " + std::to_string(spec.inputs_size()) + " inputs, and at most 1000 are allowed",
                     "pack small files into an archive");
  }
  const auto bad_name = [&](int index, const std::string& why, std::string hint) {
    return bad_field(where, field_of(index, ".name"), "BAD_INPUT_NAME", "the input's name " + in_quotes(spec.inputs(index).name()) + " " + why,
                     std::move(hint));
  };
  std::set<std::string_view> names, folders;
  for (int i = 0; i < spec.inputs_size(); ++i) {
    const std::string_view name = spec.inputs(i).name();
    if (const std::string why = fault(name); !why.empty())
      return bad_name(i, why, "give a name relative to the script's working directory, such as textures/wood.png");
    if (!names.insert(name).second) return bad_name(i, "is given twice", "give each file a name of its own");
    for (std::size_t at = name.find('/'); at != std::string_view::npos; at = name.find('/', at + 1)) folders.insert(name.substr(0, at));
    if (auto good = check_source(spec.inputs(i), where, i); !good) return good;
  }
  for (int i = 0; i < spec.inputs_size(); ++i) {
    if (folders.contains(spec.inputs(i).name())) return bad_name(i, "is the folder of another input", "give each file a name of its own");
  }
  return Done{};
}

Status validate_scene(const v1::Scene& scene, const Where& where) {
  if (scene.blob().empty()) {
    if (!scene.original_path().empty()) {
      return bad_field(where, "scene.original_path", "BAD_SCENE", "an original path goes with a scene that is given as a blob",
                       "set scene.blob, or only scene.path");
    }
    return validate_path(scene.path(), "scene", where, "scene.path");
  }
  if (!scene.path().empty())
    return bad_field(where, "scene.path", "BAD_SCENE", "the scene has a path and a blob", "set scene.original_path, or only scene.path");
  if (auto good = check_blob(scene.blob(), where, "scene.blob"); !good) return good;
  if (auto good = validate_path(scene.original_path(), "scene", where, "scene.original_path"); !good) return good;
  if (scene.original_path().back() == '/') {
    return bad_field(where, "scene.original_path", "BAD_PATH", "the original path " + in_quotes(scene.original_path()) + " is a folder's",
                     "name the .blend in it");
  }
  return Done{};
}

std::vector<store::InputSource> input_sources(const v1::JobSpec& spec, const Where& where) {
  std::vector<store::InputSource> out;
  for (int i = 0; i < spec.inputs_size(); ++i) {
    const v1::Input& input = spec.inputs(i);
    if (input.has_blob()) {
      out.push_back({input.name(), Sha256::parse(input.blob()).value(), where.path(field_of(i, ".blob"))});
    } else {
      out.push_back({input.name(), std::filesystem::path(input.path()), where.path(field_of(i, ".path"))});
    }
  }
  if (!spec.scene().blob().empty()) out.push_back({std::string(store::scene_file), Sha256::parse(spec.scene().blob()).value(), where.path("scene.blob")});
  return out;
}

}  // namespace offstage::api
