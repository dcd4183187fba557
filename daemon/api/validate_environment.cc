// SPDX-License-Identifier: Apache-2.0
#include "api/validate_environment.h"

#include <algorithm>
#include <array>

#include "api/limits.h"
#include "api/text.h"
#include "api/validate_load.h"

namespace offstage::api {
namespace {

bool good_variable_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  return !name.empty() && letter(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool reserved(std::string_view name) { return name.starts_with("OFFSTAGE_") || name.starts_with("LD_") || name == "PYTHONHOME"; }

}  // namespace

bool read_at_start(std::string_view variable) {
  static constexpr std::array kNames = {std::string_view("OCIO"), std::string_view("LANG"), std::string_view("LANGUAGE")};
  static constexpr std::array kPrefixes = {
      std::string_view("BLENDER_"), std::string_view("LC_"),    std::string_view("CYCLES_"), std::string_view("CUDA_"),        std::string_view("OPTIX_"),
      std::string_view("HIP_"),     std::string_view("ROCR_"),  std::string_view("ONEAPI_"), std::string_view("SYCL_"),        std::string_view("ZE_"),
      std::string_view("OMP_"),     std::string_view("__GLX_"), std::string_view("VK_"),     std::string_view("OPENIMAGEIO_"),
  };
  return std::find(kNames.begin(), kNames.end(), variable) != kNames.end() ||
         std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](std::string_view prefix) { return variable.starts_with(prefix); });
}

Status validate_environment(const v1::Environment& environment, const Where& where) {
  if (environment.blender().size() > kPathBytes || control_character(environment.blender())) {
    return bad_field(where, "environment.blender", "BAD_BLENDER_SELECTOR", "the Blender selector is longer than 4096 bytes or has a control character",
                     R"(give a version ("4.5"), a range (">=4.2,<5"), a name or an absolute path)");
  }
  if (!v1::Isolation_IsValid(environment.isolation())) {
    return bad_field(where, "environment.isolation", "BAD_ISOLATION", "there is no isolation number " + std::to_string(environment.isolation()),
                     "use AUTO, FORK or PROCESS");
  }
  if (environment.variables_size() > kVariables) {
    return bad_field(where, "environment.variables", "BAD_VARIABLES",
                     "there are " + std::to_string(environment.variables_size()) + " variables, and at most 256 are allowed", "pass data as parameters");
  }
  for (const auto& [name, value] : environment.variables()) {
    if (!good_variable_name(name)) {
      return bad_field(where, "environment.variables", "BAD_VARIABLES", "the variable name " + in_quotes(name) + " does not match [A-Za-z_][A-Za-z0-9_]*",
                       "use letters, digits and '_'");
    }
    if (reserved(name)) {
      return bad_field(where, "environment.variables", "RESERVED_VARIABLE",
                       "the variable " + name + " may not be set: it decides what code the worker itself runs",
                       "leave it out; a library path can be given in a wrapper script that is configured as a Blender");
    }
    if (value.size() > kVariableBytes || value.find('\0') != std::string::npos) {
      return bad_field(where, "environment.variables", "BAD_VARIABLES", "the value of the variable " + name + " is longer than 65536 bytes or contains a NUL",
                       "pass large data by a file");
    }
  }
  return validate_load(environment, where);
}

}  // namespace offstage::api
