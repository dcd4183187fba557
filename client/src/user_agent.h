// SPDX-License-Identifier: Apache-2.0
//
// Who we are, for the daemon's records: "PROGRAM/VERSION (USER@HOST)".
#pragma once

#include <string>

namespace offstage::inline client {

/// `program`: empty = the library's own name. What is no plain character becomes "?": it travels as a header.
std::string user_agent(const std::string& program);

}  // namespace offstage::inline client
