// SPDX-License-Identifier: Apache-2.0
//
// What the process itself needs before it is a daemon, and how it replaces its own program.
//
// Thread: start-up and the very end.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace offstage::app {

/// Private files, no signal that a write could send, none blocked, as many descriptors as we may have, few malloc arenas.
/// First thing in main: gRPC starts threads early.
void prepare_process();

/// The program's path as it was started; after an upgrade the new program lies there.
std::filesystem::path own_executable();

/// Becomes `executable` with the same arguments and pid; no descriptor but the standard ones is passed on. Returns only if that fails.
Error replace_program(const std::filesystem::path& executable, char* const* argv);

/// Three parts, as people read them: what happened, to what, what to do.
std::string describe(const Error& error);

}  // namespace offstage::app
