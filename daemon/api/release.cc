// SPDX-License-Identifier: Apache-2.0
#include "api/release.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/environment_load.h"
#include "api/names.h"
#include "api/validate_environment.h"
#include "api/validate_inputs.h"
#include "pool/selector.h"

namespace offstage::api {
namespace {

using Json = nlohmann::json;

/// Of one by value, the original path is enough.
Status check_scene(const v1::Scene& scene) {
  if (scene.original_path().empty() || !scene.blob().empty() || !scene.path().empty()) return validate_scene(scene, {});
  return validate_path(scene.original_path(), "scene", {}, "scene.original_path");
}

/// What a kind has loaded, by name: a file that was edited since it was loaded is still the one that was named.
Json without_marks(const std::string& load) {
  Json out = load.empty() ? Json::object() : Json::parse(load);
  out.erase("marks");
  if (out.contains("addons")) {
    for (Json& addon : out["addons"]) addon.erase("mark");
  }
  return out;
}

struct Meant {
  v1::Scene scene;
  std::vector<std::string> blenders;  ///< names of installations
  std::vector<std::pair<std::string, std::string>> variables;
  Json load;

  bool operator()(const core::Kind& kind) const {
    return is_scene(Json::parse(kind.scene)) && std::ranges::find(blenders, kind.blender) != blenders.end() &&
           std::ranges::all_of(variables, [&](const auto& one) { return std::ranges::find(kind.start_env, one) != kind.start_env.end(); }) && has_loaded(kind);
  }
  bool is_scene(const Json& open) const {
    if (scene.trust_blend_scripts() && !open.value("trust", false)) return false;
    if (!scene.path().empty()) return open.value("path", "") == scene.path();
    return open.value("original_path", "") == scene.original_path() && (scene.blob().empty() || open.value("blob", "") == scene.blob());
  }
  bool has_loaded(const core::Kind& kind) const {
    const Json loaded = without_marks(kind.load);
    return std::ranges::all_of(load.items(), [&](const auto& one) { return loaded.contains(one.key()) && loaded[one.key()] == one.value(); });
  }
};

}  // namespace

Result<std::function<bool(const core::Kind&)>> scenes_meant(const v1::ReleaseSceneRequest& request, const pool::CatalogSnapshot& catalog) {
  if (auto good = check_scene(request.scene()); !good) return good.error();
  if (auto good = validate_environment(request.environment(), {}); !good) return good.error();
  Meant meant{.scene = request.scene(), .blenders = {}, .variables = {}, .load = Json::object()};
  const std::string selector = without_collection(request.environment().blender());
  if (auto found = pool::select(catalog, selector); !found && !selector.empty()) return found.error();
  for (const pool::Blender& blender : catalog.blenders) {
    if (pool::names(selector, blender)) meant.blenders.push_back(blender.name);
  }
  for (const auto& [name, value] : request.environment().variables()) {
    if (read_at_start(name)) meant.variables.emplace_back(name, value);
  }
  auto load = load_of(request.environment(), 0, {});
  if (!load) return load.error();
  meant.load = without_marks(*load);
  return std::function<bool(const core::Kind&)>(std::move(meant));
}

}  // namespace offstage::api
