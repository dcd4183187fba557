// SPDX-License-Identifier: Apache-2.0
//
// The command line's commands and options. A thin front of CLI11, so that one file compiles it, and each option takes exactly one value a flag.
//
// Values are text here; cli/parse.h gives them meaning, with errors that say what to write instead.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace offstage::cli {

struct CommandTree;

class Command {
 public:
  Command(CommandTree* tree, void* app) : tree_(tree), app_(app) {}

  /// Adds a command below this one.
  Command command(const std::string& name, const std::string& help);
  Command& flag(const std::string& name, bool& target, const std::string& help);
  Command& value(const std::string& name, std::string& target, const std::string& placeholder, const std::string& help);
  Command& values(const std::string& name, std::vector<std::string>& target, const std::string& placeholder, const std::string& help);
  Command& argument(const std::string& name, std::string& target, const std::string& help, bool required = true);
  Command& arguments(const std::string& name, std::vector<std::string>& target, const std::string& help, bool required = true);
  /// What the command does; gives the exit code.
  void runs(std::function<int()> action);

 private:
  CommandTree* tree_;  // owns app_
  void* app_;          // a CLI::App
};

class CommandLine {
 public:
  CommandLine(const std::string& description, const std::string& version);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;

  Command root();
  /// Runs the command that `args` (without the program's name) names. Usage errors are told on stderr: exit 2.
  int run(std::vector<std::string> args);

 private:
  std::unique_ptr<CommandTree> tree_;
};

}  // namespace offstage::cli
