// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <CLI/CLI.hpp>

#include "app/option_table.h"

namespace offstage::app {

Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
  CLI::App app("Offstage's daemon: owns a pool of pristine headless Blenders and serves clients on a private socket.", "offstaged");
  app.set_help_flag();
  CommandLine out;
  std::string config, tls_dir, backup, restore;
  bool foreground = false;
  const auto action = [&](const char* flag, Action what, const char* help) {
    app.add_flag_callback(
        flag, [&out, what] { out.action = what; }, help);
  };
  action("-h,--help", Action::help, "Show this and exit");
  action("--version", Action::version, "Show the version and exit");
  action("--check-config", Action::check_config, "Check the options, show those that are set and from where, and exit");
  action("--print-options", Action::print_options, "Show all options as a table and exit");
  app.add_option("--make-tls", tls_dir, "Make a certificate, its key and a token in DIR and exit")->type_name("DIR");
  app.add_option("--backup", backup, "Copy the state database to FILE, which must not exist, and exit; a daemon may run")->type_name("FILE");
  app.add_option("--restore", restore, "Make FILE, a backup, the state database, and exit; the old one is kept under another name")->type_name("FILE");
  action("--set-aside-damaged", Action::set_aside_damaged, "Look at the state database, move it away if it is damaged, and exit; the next start begins anew");
  app.add_option("--config", config, "Read this file instead of $XDG_CONFIG_HOME/offstage/offstage.toml")->type_name("FILE");
  app.add_flag("--foreground", foreground, "Stay in the foreground (it always does)");

  std::vector<std::vector<std::string>> values(option_table().size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const OptionRow& row = option_table()[i];
    auto* option = app.add_option(row.flag(), values[i], std::string(row.help) + " Default: " + row.default_text())->type_name("");
    if (std::holds_alternative<Files>(row.member)) {
      option->allow_extra_args(false)->take_all();
    } else {
      option->expected(1)->take_last();
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Error{.code = Code::invalid_argument, .reason = "USAGE", .message = error.what(), .hint = "`offstaged --help` lists the flags"};
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const OptionRow& row = option_table()[i];
    if (!values[i].empty())
      out.settings.push_back({.key = std::string(row.key), .values = values[i], .origin = row.flag(), .base = std::filesystem::current_path()});
  }
  if (!config.empty()) out.config = std::filesystem::absolute(config);
  if (!tls_dir.empty()) {
    out.action = Action::make_tls;
    out.tls_dir = std::filesystem::absolute(tls_dir);
  }
  for (const auto& [file, what] : {std::pair(backup, Action::backup), std::pair(restore, Action::restore)}) {
    if (file.empty()) continue;
    out.action = what;
    out.file = std::filesystem::absolute(file);
  }
  if (out.action == Action::help) out.help = app.help();
  return out;
}

}  // namespace offstage::app
