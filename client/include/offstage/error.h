// SPDX-License-Identifier: Apache-2.0
//
// What went wrong: with a call, or with a job. The same form for both, so that a program needs one piece of code.
//
// Everything of the client library lives in the inline namespace `client`: write `offstage::Error`; the linker sees `offstage::client::Error`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace offstage::inline client {

/// The kind of an error. The numbers up to 16 are gRPC's; those from 100 on are the library's own.
enum class Code {
  ok = 0,
  cancelled = 1,  ///< the caller's stop token, or a callback that returned false
  unknown = 2,
  invalid_argument = 3,   ///< a field is wrong by itself: see fields, "field"
  deadline_exceeded = 4,  ///< no answer in time; a create may or may not have happened: repeat it with the same request id
  not_found = 5,
  already_exists = 6,  ///< this request id came with another body
  permission_denied = 7,
  resource_exhausted = 8,   ///< the queue, the disk or a message is full
  failed_precondition = 9,  ///< the world does not fit: reason says what (BLEND_NOT_FOUND, BLENDER_NOT_FOUND, JOB_NOT_ENDED …)
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,  ///< the daemon is draining or restarting, and did not come back in time
  data_loss = 15,
  unauthenticated = 16,
  no_daemon = 100,      ///< nobody listens there
  unsafe_socket = 101,  ///< the socket or its folder has the wrong owner or mode, or the path is too long: nothing was sent
};

/// "NOT_FOUND", "NO_DAEMON" …
std::string_view name_of(Code code);

/// One line that stands alone (`message`), the facts (`fields`), the way out (`hint`).
struct Error {
  Code code = Code::unknown;
  std::string reason;  ///< UPPER_SNAKE_CASE, stable: decide by it. Empty: only the code is known.
  std::string message;
  std::string hint;                                         ///< what to do, or empty
  std::vector<std::pair<std::string, std::string>> fields;  ///< {"file", "/x.blend"}, {"field", "spec.policy.run_timeout"}

  /// The value of the field called `key`, or empty.
  std::string_view field(std::string_view key) const;
};

}  // namespace offstage::inline client
