// SPDX-License-Identifier: Apache-2.0
#include "pool/boot_line.h"

#include <nlohmann/json.hpp>

#include "base/faults.h"
#include "pool/gpus.h"
#include "pool/scratch.h"

namespace offstage::pool {
namespace {

/// A JSON string of ASCII is a Python string literal, too: spaces, quotes and other scripts in a path are safe. Bytes that are no UTF-8 do not occur: such a
/// path cannot be said in JSON either and is refused by the configuration.
std::string quoted(const std::string& text) { return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace); }

}  // namespace

std::vector<std::string> keeper_command(const Blender& blender, core::Isolation isolation, const std::filesystem::path& worker_code) {
  const std::string boot = "import sys; sys.path.insert(0, " + quoted(worker_code.string()) + "); import boot; boot.main()";
  if (isolation != core::Isolation::fork) return {blender.python.string(), "-I", "-S", "-c", boot};
  if (blender.module) return {blender.path.string(), "-W", "ignore", "-c", boot};
  std::vector<std::string> out = {blender.path.string(), "-b", "--factory-startup", "--disable-autoexec"};
  if (blender.version >= Version{3, 0, 0}) {
    out.insert(out.end(), {"-setaudio", "None"});
  } else {
    out.emplace_back("-noaudio");
  }
  if (blender.version >= Version{4, 2, 0}) out.emplace_back("--offline-mode");
  out.insert(out.end(), {"--python-exit-code", "99", "--python-expr", boot});
  return out;
}

std::vector<std::string> wrapper_of(const core::Kind& what) {
  if (what.load.empty()) return {};
  return nlohmann::json::parse(what.load).value("wrapper", std::vector<std::string>());
}

std::string boot_line(const Blender& blender, core::Isolation isolation, const PoolOptions& options, const std::string& nonce, const core::Kind& what,
                      const std::filesystem::path& folder) {
  nlohmann::json line = {
      {"socket", options.socket.string()},
      {"nonce", nonce},
      {"role", isolation == core::Isolation::fork ? "zygote" : "supervisor"},
      {"wire", 1},
      {"attempts", (options.state / "attempts").string()},
      {"blender",
       {{"path", blender.path.string()},
        {"kind", blender.module ? "module" : "executable"},
        {"python", blender.python.string()},
        {"version", blender.version.text()}}},
      {"options", {{"huge_pages", options.huge_pages}, {"memory_sample_ms", 100}, {"log_bytes", options.log_bytes}, {"cgroup", options.cgroup.string()}}},
  };
  for (const auto& [name, value] : hidden_gpus()) line["environ"][name] = value;  // again, behind a wrapper
  if (!what.load.empty()) {
    line["load"] = nlohmann::json::parse(what.load);
    line["load"].erase("wrapper");
    line["load"].erase("marks");
  }
  if (!what.scene.empty()) line["scene"] = nlohmann::json::parse(what.scene);
  if (line.contains("scene") && line["scene"].contains("blob")) line["scene"]["path"] = scene_in(folder).string();
  if (!crash_at().empty()) line["options"]["crash_at"] = crash_at();
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace offstage::pool
