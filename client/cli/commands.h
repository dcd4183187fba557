// SPDX-License-Identifier: Apache-2.0
//
// All commands, one file each.
#pragma once

#include "cli/context.h"
#include "cli/options.h"

namespace offstage::cli {

void add_run(Command root, Context& context);
void add_submit(Command root, Context& context);
void add_list(Command root, Context& context);
void add_show(Command root, Context& context);
void add_wait(Command root, Context& context);
void add_watch(Command root, Context& context);
void add_logs(Command root, Context& context);
void add_bundle(Command root, Context& context);
void add_files(Command root, Context& context);
void add_fetch(Command root, Context& context);
void add_result(Command root, Context& context);
void add_cancel(Command root, Context& context);
void add_retry(Command root, Context& context);
void add_delete(Command root, Context& context);
void add_gc(Command root, Context& context);
void add_release(Command root, Context& context);
void add_status(Command root, Context& context);
void add_warm(Command root, Context& context);
void add_blenders(Command root, Context& context);
void add_daemon(Command root, Context& context);
void add_doctor(Command root, Context& context);

/// All of them, on one command line.
void add_commands(CommandLine& line, Context& context);

}  // namespace offstage::cli
