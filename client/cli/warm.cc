// SPDX-License-Identifier: Apache-2.0
//
// offstage warm FILE [--by-value] [--release]
//
// Opens a scene ahead of the jobs on it, and returns when a worker waits on it.
#include <offstage/script.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/load_options.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/report.h"

namespace offstage::cli {
namespace {

struct WarmOptions {
  std::string blend, original_path, blender, hold;
  std::vector<std::string> env;
  bool by_value = false, trust = false, release = false;
  LoadOptions load;
};

Result<WarmRequest> request_of(const WarmOptions& options) {
  if (!options.original_path.empty() && !options.by_value) {
    return Error{.code = Code::invalid_argument,
                 .reason = "BAD_OPTION",
                 .message = "--original-path needs --by-value",
                 .hint = "a FILE of the daemon's machine is opened where it lies"};
  }
  WarmRequest request{.scene = {.trust_blend_scripts = options.trust}};
  if (options.by_value) {
    request.scene.original_path = absolute_path(options.original_path.empty() ? options.blend : options.original_path);
  } else {
    request.scene.path = absolute_path(options.blend);
  }
  request.environment.blender = options.blender.find('/') != std::string::npos ? absolute_path(options.blender) : options.blender;
  auto variables = parse_pairs("--env", options.env);
  if (!variables) return variables.error();
  request.environment.variables = std::move(*variables);
  if (auto filled = options.load.fill(request.environment); !filled) return filled.error();
  if (!options.hold.empty()) {
    auto hold = parse_duration("--hold", options.hold);
    if (!hold) return hold.error();
    request.hold = *hold;
  }
  return request;
}

int warm(const Context& context, const WarmOptions& options) {
  auto request = request_of(options);
  if (!request) return report(request.error());
  auto client = options.release ? context.connect() : context.connect_or_start();
  if (!client) return report(client.error());
  if (options.release) {
    if (const auto released = client->release_scene(*request); !released) return report(released.error());
    return succeeded;
  }
  const auto began = std::chrono::steady_clock::now();
  if (options.by_value) {
    auto blob = client->put_blob(options.blend);
    if (!blob) return report(blob.error());
    request->scene.blob = std::move(*blob);
  }
  const auto blender = client->warm_scene(*request);
  if (!blender) return report(blender.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const std::string& scene = options.by_value ? request->scene.original_path : request->scene.path;
  if (context.json) {
    out().write(JsonObject().text("scene", scene).text("blender", *blender).number("seconds", took.count()).text() + "\n");
  } else {
    note(scene + " is warm in " + *blender);
  }
  return succeeded;
}

}  // namespace

void add_warm(Command root, Context& context) {
  auto options = std::make_shared<WarmOptions>();
  Command command = root.command("warm", "Open a scene ahead of the jobs on it");
  command.argument("FILE", options->blend, "The .blend, as --blend of `run` will name it")
      .flag("--by-value", options->by_value, "Send it, as --blend-by-value of `run` will")
      .value("--original-path", options->original_path, "PATH", "Where a FILE by value belongs, as the jobs will say it")
      .value("--blender", options->blender, "SELECTOR", "As the jobs will ask for it")
      .values("--env", options->env, "K=V", "As the jobs will set it; what Blender reads at start counts")
      .flag("--trust-blend-scripts", options->trust, "As the jobs will say it")
      .value("--hold", options->hold, "2h", "Keep it at least so long; default: while it is used")
      .flag("--release", options->release, "Let go of it, whatever it held when it was opened; what else is said narrows that down");
  options->load.add_to(command);
  command.runs([&context, options] { return warm(context, *options); });
}

}  // namespace offstage::cli
