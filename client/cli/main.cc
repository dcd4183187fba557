// SPDX-License-Identifier: Apache-2.0
//
// offstage, the command line: everything that it does, it does through the public library.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include <offstage/version.h>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/parse.h"
#include "cli/report.h"

int main(int argc, char** argv) {
  using namespace offstage::cli;
  ::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is no reason to die before the job's outcome is known
  Argv args = cut_argv({argv + 1, argv + argc});
  Context context{.script_args = std::move(args.script)};
  CommandLine line("Runs Blender scripts off stage: in pristine, headless Blenders that a daemon keeps ready.", OFFSTAGE_VERSION);
  add_commands(line, context);
  int code = failed;
  try {
    code = line.run(std::move(args.own));
  } catch (const std::exception& error) {
    report({.message = std::string("internal error: ") + error.what(), .hint = "this is a bug of offstage; please report it"});
  }
  std::cout.flush();
  std::fflush(nullptr);
  ::_exit(code);  // gRPC's tidy shutdown would cost milliseconds
}
