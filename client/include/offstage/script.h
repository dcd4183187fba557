// SPDX-License-Identifier: Apache-2.0
//
// A script file of this machine, as a Script that can be sent.
#pragma once

#include <string>

#include <offstage/job_spec.h>
#include <offstage/result.h>

namespace offstage::inline client {

/// Reads `path` and gives its text and its absolute name. Errors, all Code::invalid_argument, with the file in fields:
/// SCRIPT_NOT_FOUND, SCRIPT_UNREADABLE, SCRIPT_NOT_A_FILE (a folder), SCRIPT_NOT_UTF8 (with the line), SCRIPT_TOO_LARGE (above 16 MiB; the daemon's own limit
/// is lower).
Result<Script> read_script(const std::string& path);

/// `path` as the daemon needs it: absolute, with "." and, where that does not change its meaning, ".." taken out. Symbolic links stay.
std::string absolute_path(const std::string& path);

/// True if `text` is well-formed UTF-8; otherwise `*bad` (if given) is the offset of the first wrong byte.
bool is_utf8(std::string_view text, std::size_t* bad = nullptr);

}  // namespace offstage::inline client
