// SPDX-License-Identifier: Apache-2.0
#include "cli/spec_options.h"

#include <offstage/script.h>

#include <unistd.h>

#include <filesystem>
#include <type_traits>

#include "cli/data_files.h"
#include "cli/interrupts.h"
#include "cli/parameters.h"
#include "cli/parse.h"

namespace offstage::cli {
namespace {

Error bad(std::string message, std::string value, std::string hint) {
  return {
      .code = Code::invalid_argument, .reason = "BAD_OPTION", .message = std::move(message), .hint = std::move(hint), .fields = {{"value", std::move(value)}}};
}

template <class Target, class Value>
Status assign(Target& target, Result<Value> value) {
  if (!value) return value.error();
  if constexpr (std::is_arithmetic_v<Target>) {
    target = static_cast<Target>(*value);  // its range has been checked
  } else {
    target = std::move(*value);
  }
  return Done{};
}

/// Sets `target` from an option's text, if it was given.
template <class Target, class Parse>
Status set(Target& target, const std::string& text, Parse parse) {
  return text.empty() ? Status(Done{}) : assign(target, parse(text));
}

/// Keeps the first error of a row of steps.
class Steps {
 public:
  template <class Step>
  Steps& then(Step step) {
    if (status_) status_ = step();
    return *this;
  }
  Status status() const { return status_; }

 private:
  Status status_ = Done{};
};

}  // namespace

void SpecOptions::add_to(Command& command) {
  command.argument("SCRIPT", script, "Python file, read now; - = standard input")
      .value("--blend", blend, "FILE", "Open this .blend first")
      .value("--blend-by-value", blend_by_value, "FILE", "Send this .blend and open it first")
      .value("--original-path", original_path, "PATH", "Where that .blend belongs: its // paths are meant from there")
      .values("--input", inputs, "FILE[=NAME]", "A file for the script's folder; it finds it as NAME")
      .value("--blender", blender, "SELECTOR", "\"4.5\", \">=4.2,<5\", a name of `offstage blenders`, or a path")
      .values("--param", params, "K=JSON", "A parameter; strings need quotes: 'name=\"x\"'")
      .value("--params", params_file, "FILE", "A JSON object of parameters; - = standard input")
      .values("--data-blocks", data_blocks, "LIB.blend", "Data-blocks for passed_data_blocks, with LIB.json beside")
      .value("--isolation", isolation, "auto|fork|process", "How the worker is made")
      .value("--timeout", timeout, "30s", "Of one attempt, from its first line")
      .value("--queue-timeout", queue_timeout, "30s", "From submit to the first attempt")
      .value("--start-timeout", start_timeout, "30s", "From a worker's assignment to the first line")
      .value("--progress-timeout", progress_timeout, "30s", "Between two calls of progress()")
      .value("--memory", memory, "1GiB", "Limit of the worker's private memory")
      .value("--cpus", cpus, "N", "Cap at N threads; takes N slots")
      .value("--gpus", gpus, "N", "GPUs that no other job has meanwhile; without, none is seen")
      .value("--compute", compute, "BACKEND", "auto|none|cuda|optix|hip|oneapi|metal: what Cycles computes with")
      .value("--deliver", deliver, "DIR", "Put the result files into this folder of the daemon's machine when the job succeeds")
      .values("--env", env, "K=V", "A variable of the script's environment")
      .value("--name", name, "N", "Display name")
      .values("--label", labels, "K=V", "A label")
      .value("--priority", priority, "N", "-1000 to 1000; from 100 on interactive")
      .value("--attempts", attempts, "N", "Tries, at most")
      .values("--retry-on", retry_on, "REASON", "Try again after this: CRASHED, LOST …")
      .value("--on-warning", on_warning, "warn|fail", "fail: do not run if the scene misses a file, or the like")
      .flag("--hold", hold, "Do not start before it is released")
      .flag("--trust-blend-scripts", trust, "Run the Python drivers and scripts of the .blend")
      .value("--request-id", request_id, "UUID", "The same id with the same job gives the same job");
  load.add_to(command);
}

Result<CreateRequest> SpecOptions::build(const std::vector<std::string>& script_args) const {
  CreateRequest request{.request_id = request_id};
  JobSpec& spec = request.spec;
  auto text = read_script(script == "-" ? "/dev/stdin" : script);
  if (!text) return text.error();
  spec.script = std::move(*text);
  if (script == "-") spec.script.name = "stdin.py";
  spec.script.args = script_args;
  spec.display_name = name;
  spec.held = hold;
  if (!deliver.empty()) spec.deliver_to = absolute_path(deliver);
  if (!blend.empty()) spec.scene = Scene{.path = absolute_path(blend), .trust_blend_scripts = trust};
  if (!blend_by_value.empty()) {
    if (!blend.empty()) return bad("--blend and --blend-by-value are two scenes", "", "give one of them");
    spec.scene = Scene{.trust_blend_scripts = trust, .original_path = absolute_path(original_path.empty() ? blend_by_value : original_path)};
  } else if (!original_path.empty()) {
    return bad("--original-path needs --blend-by-value", "", "a --blend is opened where it lies");
  }
  if (!spec.scene && trust) return bad("--trust-blend-scripts needs --blend", "", "name the .blend whose scripts you trust");
  spec.environment.blender = blender.find('/') != std::string::npos ? absolute_path(blender) : blender;

  const auto duration = [](const char* option) { return [option](const std::string& value) { return parse_duration(option, value); }; };
  const auto number = [](const char* option, std::int64_t least, std::int64_t most) {
    return [=](const std::string& value) { return parse_number(option, value, least, most); };
  };
  const Status ok = Steps()
                        .then([&] { return assign(spec.script.parameters_json, build_parameters(params_file, params)); })
                        .then([&] { return set(spec.policy.run_timeout, timeout, duration("--timeout")); })
                        .then([&] { return set(spec.policy.queue_timeout, queue_timeout, duration("--queue-timeout")); })
                        .then([&] { return set(spec.policy.start_timeout, start_timeout, duration("--start-timeout")); })
                        .then([&] { return set(spec.policy.progress_timeout, progress_timeout, duration("--progress-timeout")); })
                        .then([&] { return set(spec.resources.memory_bytes, memory, [](const auto& value) { return parse_size("--memory", value); }); })
                        .then([&] { return set(spec.resources.cpus, cpus, number("--cpus", 1, 4096)); })
                        .then([&] { return set(spec.resources.gpus, gpus, number("--gpus", 0, 64)); })
                        .then([&] { return set(spec.priority, priority, number("--priority", -1000, 1000)); })
                        .then([&] { return set(spec.policy.max_attempts, attempts, number("--attempts", 1, 100)); })
                        .then([&] { return assign(spec.environment.variables, parse_pairs("--env", env)); })
                        .then([&] { return load.fill(spec.environment); })
                        .then([&] { return assign(spec.labels, parse_pairs("--label", labels)); })
                        .status();
  if (!ok) return ok.error();
  if (const auto known = files(spec.script.parameters_json); !known) return known.error();
  if (!isolation.empty()) {
    const auto chosen = isolation_named(isolation);
    if (!chosen) return bad("--isolation: there is no such isolation", isolation, "auto, fork or process");
    spec.environment.isolation = *chosen;
  }
  if (!compute.empty()) {
    const auto chosen = compute_named(compute);
    if (!chosen) return bad("--compute: there is no such backend", compute, "auto, none, cuda, optix, hip, oneapi or metal");
    spec.environment.compute = *chosen;
  }
  if (!on_warning.empty()) {
    const auto chosen = on_warning_named(on_warning);
    if (!chosen) return bad("--on-warning: there is no such choice", on_warning, "warn or fail");
    spec.policy.on_warning = *chosen;
  }
  for (const std::string& word : retry_on) {
    const auto reason = reason_named(word);
    if (!reason) return bad("--retry-on: there is no such reason", word, "for example CRASHED, LOST, OUT_OF_MEMORY, TIMED_OUT, SCRIPT_ERROR, EXIT_CODE");
    spec.policy.retry_on.push_back(*reason);
  }
  if (!request_id.empty() && !is_uuid(request_id)) return bad("--request-id: not a UUID", request_id, "`uuidgen` makes one");
  return request;
}

Result<std::vector<InputFile>> SpecOptions::files(const std::string& parameters_json) const {
  auto all = files_of_libraries(data_blocks);
  if (!all) return all.error();
  const std::string folder = params_file == "-" ? std::string() : std::filesystem::path(params_file).parent_path().string();
  for (InputFile& one : files_of_values(parameters_json, folder)) all->push_back(std::move(one));
  for (const std::string& text : inputs) {
    auto input = parse_input(text);
    if (!input) return input.error();
    all->push_back(std::move(*input));
  }
  return all;
}

Status SpecOptions::send_files(const Client& client, JobSpec& spec) const {
  const auto all = files(spec.script.parameters_json);
  if (!all) return all.error();
  if (all->empty() && blend_by_value.empty()) return Done{};
  std::stop_source stop;
  const Interrupts interrupts([&stop](int) { stop.request_stop(); });
  for (const InputFile& input : *all) {
    auto put = client.put_file(input.file, input.name, {}, stop.get_token());
    if (!put) return put.error();
    spec.inputs.push_back(std::move(*put));
  }
  if (blend_by_value.empty()) return Done{};
  auto blob = client.put_blob(blend_by_value, {}, stop.get_token());
  if (!blob) return blob.error();
  spec.scene->blob = std::move(*blob);
  return Done{};
}

Error SpecOptions::explain(const Client& client, Error error) const {
  const auto local = client.is_local();
  if (error.reason == "BLEND_NOT_FOUND" && local && !*local && ::access(blend.c_str(), R_OK) == 0)
    error.hint = "--blend is a path on the daemon's machine; a file of this one is sent with --blend-by-value";
  return error;
}

}  // namespace offstage::cli
