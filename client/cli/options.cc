// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <map>

#include "cli/exit_codes.h"
#include "cli/report.h"

namespace offstage::cli {
namespace {

CLI::App& app(void* pointer) { return *static_cast<CLI::App*>(pointer); }

CLI::App& deepest(CLI::App& root) {
  CLI::App* at = &root;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

std::string path_of(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : path_of(*parent) + " " + command.get_name();
}

}  // namespace

struct CommandTree {
  CLI::App root;
  std::map<const CLI::App*, std::function<int()>> actions;  // CLI11's own callbacks run while it still parses, and give no exit code
};

Command Command::command(const std::string& name, const std::string& help) {
  CLI::App* sub = app(app_).add_subcommand(name, help);
  sub->fallthrough();
  app(app_).require_subcommand(1);
  return {tree_, sub};
}

Command& Command::flag(const std::string& name, bool& target, const std::string& help) {
  app(app_).add_flag(name, target, help);
  return *this;
}

Command& Command::value(const std::string& name, std::string& target, const std::string& placeholder, const std::string& help) {
  app(app_)
      .add_option(name, target, help)
      ->type_name(placeholder)
      ->allow_extra_args(false)
      ->check([](const std::string& value) { return std::string(value.empty() ? "the value is empty" : ""); }, "");
  return *this;
}

Command& Command::values(const std::string& name, std::vector<std::string>& target, const std::string& placeholder, const std::string& help) {
  app(app_).add_option(name, target, help)->type_name(placeholder)->allow_extra_args(false)->type_size(1);
  return *this;
}

Command& Command::argument(const std::string& name, std::string& target, const std::string& help, bool required) {
  app(app_).add_option(name, target, help)->type_name("")->required(required);
  return *this;
}

Command& Command::arguments(const std::string& name, std::vector<std::string>& target, const std::string& help, bool required) {
  app(app_).add_option(name, target, help)->type_name("")->required(required);
  return *this;
}

void Command::runs(std::function<int()> action) { tree_->actions[&app(app_)] = std::move(action); }

CommandLine::CommandLine(const std::string& description, const std::string& version)
    : tree_(new CommandTree{.root = CLI::App(description, "offstage"), .actions = {}}) {
  CLI::App& root = tree_->root;
  root.set_version_flag("--version", "offstage " + version);
  root.set_help_all_flag("--help-all", "All commands with all their options");
  root.get_formatter()->column_width(34);
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() { return {tree_.get(), &tree_->root}; }

int CommandLine::run(std::vector<std::string> args) {
  CLI::App& root = tree_->root;
  std::ranges::reverse(args);  // as CLI11 wants them
  try {
    root.parse(std::move(args));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {  // --help, --version
      root.exit(error, std::cout, std::cerr);
      return succeeded;
    }
    std::string message = error.what();
    std::ranges::replace(message, '\n', ' ');
    const auto is = [&](CLI::ExitCodes code) { return error.get_exit_code() == static_cast<int>(code); };
    const bool no_command = root.get_subcommands().empty();
    if (const auto unknown = root.remaining(); no_command && (is(CLI::ExitCodes::RequiredError) || is(CLI::ExitCodes::ExtrasError)))
      message = unknown.empty() ? "a command is required" : "there is no command or option \"" + unknown.front() + "\"";
    const std::string command = path_of(deepest(root));
    return report(
        {.code = Code::invalid_argument,
         .message = message,
         .hint =
             "`" + command + " --help` shows what there is" +
             (is(CLI::ExitCodes::ExtrasError) && deepest(root).get_option_no_throw("--param") != nullptr ? "; arguments for a script come after `--`" : "")});
  }
  return tree_->actions.at(&deepest(root))();
}

}  // namespace offstage::cli
