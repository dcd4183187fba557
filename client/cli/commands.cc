// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

namespace offstage::cli {

void add_commands(CommandLine& line, Context& context) {
  Command root = line.root();
  root.value("--address", context.address, "HOST:PORT|unix:PATH", "Another daemon than your own (also: OFFSTAGE_SOCKET)");
  root.value("--token-file", context.token_file, "FILE", "The token, for HOST:PORT");
  root.value("--tls-cert", context.certificate_file, "FILE", "The daemon's certificate, for HOST:PORT");
  root.flag("--json", context.json, "Machine-readable output");
  add_run(root, context);
  add_submit(root, context);
  add_list(root, context);
  add_show(root, context);
  add_wait(root, context);
  add_watch(root, context);
  add_logs(root, context);
  add_bundle(root, context);
  add_result(root, context);
  add_files(root, context);
  add_fetch(root, context);
  add_cancel(root, context);
  add_retry(root, context);
  add_delete(root, context);
  add_release(root, context);
  add_gc(root, context);
  add_status(root, context);
  add_warm(root, context);
  add_blenders(root, context);
  add_daemon(root, context);
  add_doctor(root, context);
}

}  // namespace offstage::cli
