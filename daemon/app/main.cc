// SPDX-License-Identifier: Apache-2.0
//
// offstaged. Exit codes: 0 done; 1 it could not start or was refused; 2 wrong options; 70 a commit failed (see daemon.cc).
#include <unistd.h>

#include <iostream>

#include "api/tls.h"
#include "app/command_line.h"
#include "app/daemon.h"
#include "app/folders.h"
#include "app/logging.h"
#include "app/option_table.h"
#include "app/process.h"
#include "app/version.h"
#include "store/backup.h"

namespace offstage::app {
namespace {

int fail(const Error& error, int code) {
  std::cerr << describe(error);
  return code;
}

int make_tls_files(const std::filesystem::path& folder) {
  char host[256] = {};
  std::vector<std::string> hosts{"localhost", "127.0.0.1", "::1"};
  if (::gethostname(host, sizeof host - 1) == 0 && host[0] != '\0') hosts.emplace_back(host);
  if (const auto made = api::make_tls(folder, hosts); !made) return fail(made.error(), 1);
  std::cout << "made certificate.pem, key.pem and token; write into the configuration:\n\n    listen = \"0.0.0.0:7788\"\n    tls_dir = " << folder
            << "\n\nclients need copies of certificate.pem and token\n";
  return 0;
}

int told(const Status& done, const std::string& what) {
  if (!done) return fail(done.error(), 1);
  std::cout << what << "\n";
  return 0;
}

int told(const Result<store::Moved>& moved, const std::string& what) {
  if (!moved) return fail(moved.error(), 1);
  for (const auto& path : *moved) std::cout << "kept " << path.string() << "\n";
  std::cout << what << "\n";
  return 0;
}

int check_config(const LoadedOptions& loaded, const Environment& environment) {
  const auto folders = find_folders(loaded.options, environment);
  for (const Setting& setting : loaded.settings) {
    std::cout << setting.key << " =";
    for (const std::string& value : setting.values) std::cout << ' ' << value;
    std::cout << "   (" << setting.origin << ")\n";
  }
  std::cout << "state    " << folders.state.string() << "\nsocket   " << folders.socket.string() << "\nthe configuration is good\n";
  return 0;
}

int run(int argc, char** argv) {
  const auto line = parse_command_line(argc, argv);
  if (!line) return fail(line.error(), 2);
  switch (line->action) {
    case Action::help:
      std::cout << line->help;
      return 0;
    case Action::version:
      std::cout << "offstaged " << version << "\n";
      return 0;
    case Action::print_options:
      std::cout << options_markdown();
      return 0;
    case Action::make_tls:
      return make_tls_files(line->tls_dir);
    case Action::check_config:
    case Action::backup:
    case Action::restore:
    case Action::set_aside_damaged:
    case Action::serve:
      break;
  }
  const Environment environment = process_environment();
  const auto loaded = load_options(line->settings, environment, line->config);
  if (!loaded) return fail(loaded.error(), 2);
  const auto state = find_folders(loaded->options, environment).state;
  switch (line->action) {
    case Action::check_config:
      return check_config(*loaded, environment);
    case Action::backup:
      return told(store::back_up(state, line->file), "the backup is " + line->file.string());
    case Action::restore:
      return told(store::restore(state, line->file), "restored from " + line->file.string());
    case Action::set_aside_damaged:
      return told(store::set_damaged_aside(state), "the next start begins with an empty state database");
    default:
      break;
  }
  if (auto logging = start_logging(loaded->options, environment); !logging) return fail(logging.error(), 1);

  const auto executable = own_executable();  // before it can be replaced
  const auto ending = run_daemon(loaded->options, environment, executable);
  if (!ending) return fail(ending.error(), 1);
  return *ending == Ending::stopped ? 0 : fail(replace_program(executable, argv), 1);
}

}  // namespace
}  // namespace offstage::app

int main(int argc, char** argv) {
  offstage::app::prepare_process();
  return offstage::app::run(argc, argv);
}
