// SPDX-License-Identifier: Apache-2.0
//
// What the daemon's errors promise. Apart from fuzz.h, since the client has an Error of its own.
#pragma once

#include "api/text.h"
#include "base/result.h"
#include "fuzz.h"

namespace offstage::fuzz {

/// What every error of ours promises: a reason to decide by, and a message that stands alone.
inline void require_good(const Error& error) {
  require(error.code != Code::ok && !error.reason.empty() && !error.message.empty(), "an error has a code, a reason and a message");
}
/// … and, where it goes to a client, in text that travels.
inline void require_travels(const Error& error) {
  require_good(error);
  require(!api::invalid_utf8(error.message) && !api::invalid_utf8(error.hint), "an error's text is UTF-8");
}

}  // namespace offstage::fuzz
