// SPDX-License-Identifier: Apache-2.0
//
// A job's spec, from the bytes of a message: what is checked and let through is what the store keeps and the worker gets.
#include <google/protobuf/arena.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "api/validate.h"
#include "errors.h"
#include "pool/frame.h"
#include "pool/prepare.h"

namespace {

using namespace offstage;
using fuzz::require;

void let_through(const v1::JobSpec& spec) {
  for (const auto* duration : {&spec.policy().queue_timeout(), &spec.policy().start_timeout(), &spec.policy().run_timeout(), &spec.policy().progress_timeout(),
                               &spec.policy().cancel_grace()})
    require(api::to_micros(*duration) >= Micros(0), "no duration is negative");
  const auto message = pool::prepare_message({}, spec.SerializeAsString(), "/state");
  if (!message) return require(message.error().reason == "SPEC_TOO_LARGE", "a good spec can be sent, if it is not too large");
  const auto sent = nlohmann::json::parse(pool::frame(*message).substr(4));
  require(sent.at("args").size() == static_cast<std::size_t>(spec.script().args_size()), "all arguments are sent");
  require(sent.at("script").at("text") == spec.script().text(), "the script is sent as it is");
  require(spec.script().parameters_json().empty() || sent.at("parameters_json") == spec.script().parameters_json(), "parameters travel byte for byte");
  require(spec.inputs_size() == 0 || sent.at("inputs").at("files").size() == static_cast<std::size_t>(spec.inputs_size()), "all inputs are sent");
  for (const auto& input : spec.inputs()) {
    const std::filesystem::path name(input.name());
    require(name.is_relative() && name == name.lexically_normal() && *name.begin() != "..", "an input stays in its folder");
  }
  require(nlohmann::json::parse(sent.at("parameters_json").get<std::string>()).is_object(), "parameters are an object");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  v1::JobSpec spec;
  if (!spec.ParseFromArray(data, static_cast<int>(size))) return 0;
  if (const Status good = api::validate(spec, {}); good) {
    let_through(spec);
  } else {
    fuzz::require_travels(good.error());
    require(good.error().code == Code::invalid_argument && good.error().field.starts_with("spec."), "a refusal names the field");
  }
  return 0;
}
