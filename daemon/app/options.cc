// SPDX-License-Identifier: Apache-2.0
#include "app/options.h"

#include <cstdlib>
#include <sstream>

#include "app/folders.h"
#include "app/option_table.h"

namespace offstage::app {
namespace {

std::vector<Setting> environment_settings(const Environment& environment) {
  std::vector<Setting> out;
  for (const OptionRow& row : option_table()) {
    const auto value = environment(row.variable().c_str());
    if (!value) continue;
    Setting setting{.key = std::string(row.key), .values = {}, .origin = row.variable(), .base = std::filesystem::current_path()};
    if (std::holds_alternative<Files>(row.member)) {
      std::istringstream parts(*value);
      for (std::string part; std::getline(parts, part, ':');) setting.values.push_back(part);
    } else {
      setting.values = {*value};
    }
    out.push_back(std::move(setting));
  }
  return out;
}

Status check_tcp(const Options& options) {
  if (options.listen.empty()) return Done{};
  const auto colon = options.listen.rfind(':');
  const std::string port = colon == std::string::npos ? "" : options.listen.substr(colon + 1);
  if (colon == 0 || port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos || std::stoi(port) > 65535)
    return Error{.code = Code::invalid_argument,
                 .reason = "CONFIG_VALUE",
                 .message = "listen: \"" + options.listen + "\" is no HOST:PORT",
                 .hint = "for example 0.0.0.0:7788"};
  if (options.tls_dir.empty())
    return Error{.code = Code::invalid_argument,
                 .reason = "CONFIG_TCP_UNPROTECTED",
                 .message = "listen: TCP is served only with TLS and a token, and tls_dir names none",
                 .hint = "`offstaged --make-tls DIR` makes them and says what to write here"};
  return Done{};
}

}  // namespace

Environment process_environment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

std::filesystem::path usual_config_file(const Environment& environment) {
  return xdg_home(environment, "XDG_CONFIG_HOME", ".config") / "offstage" / "offstage.toml";
}

Result<LoadedOptions> load_options(const std::vector<Setting>& flags, const Environment& environment, const std::optional<std::filesystem::path>& config) {
  const std::filesystem::path file = config.value_or(usual_config_file(environment));
  std::vector<Setting> settings;
  if (std::error_code missing; config || std::filesystem::exists(file, missing)) {
    auto read = read_toml(file);
    if (!read) return read.error();
    settings = std::move(*read);
  }
  for (auto& setting : environment_settings(environment)) settings.push_back(std::move(setting));
  settings.insert(settings.end(), flags.begin(), flags.end());

  LoadedOptions out;
  for (Setting& setting : settings) {  // the last one wins
    if (auto assigned = assign(out.options, setting); !assigned) return assigned.error();
    std::erase_if(out.settings, [&](const Setting& weaker) { return weaker.key == setting.key; });
    out.settings.push_back(std::move(setting));
  }
  if (auto tcp = check_tcp(out.options); !tcp) return tcp.error();
  return out;
}

}  // namespace offstage::app
