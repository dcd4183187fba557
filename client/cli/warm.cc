// SPDX-License-Identifier: Apache-2.0
//
// offstage warm FILE [--release]
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
  std::string blend, blender, hold;
  std::vector<std::string> env;
  bool trust = false, release = false;
  LoadOptions load;
};

Result<WarmRequest> request_of(const WarmOptions& options) {
  WarmRequest request{.scene = {.path = absolute_path(options.blend), .trust_blend_scripts = options.trust}};
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
  const auto request = request_of(options);
  if (!request) return report(request.error());
  auto client = context.connect();
  if (!client) return report(client.error());
  if (options.release) {
    if (const auto released = client->release_scene(*request); !released) return report(released.error());
    return succeeded;
  }
  const auto began = std::chrono::steady_clock::now();
  const auto blender = client->warm_scene(*request);
  if (!blender) return report(blender.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (context.json) {
    out().write(JsonObject().text("scene", request->scene.path).text("blender", *blender).number("seconds", took.count()).text() + "\n");
  } else {
    note(request->scene.path + " is warm in " + *blender);
  }
  return succeeded;
}

}  // namespace

void add_warm(Command root, Context& context) {
  auto options = std::make_shared<WarmOptions>();
  Command command = root.command("warm", "Open a scene ahead of the jobs on it");
  command.argument("FILE", options->blend, "The .blend, as --blend of `run` will name it")
      .value("--blender", options->blender, "SELECTOR", "As the jobs will ask for it")
      .values("--env", options->env, "K=V", "As the jobs will set it; what Blender reads at start counts")
      .flag("--trust-blend-scripts", options->trust, "As the jobs will say it")
      .value("--hold", options->hold, "2h", "Keep it at least so long; default: while it is used")
      .flag("--release", options->release, "Let go of it");
  options->load.add_to(command);
  command.runs([&context, options] { return warm(context, *options); });
}

}  // namespace offstage::cli
