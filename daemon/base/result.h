// SPDX-License-Identifier: Apache-2.0
//
// Expected outcomes are values: a Result holds what was asked for, or an Error that tells what happened, to what, and what to do.
//
// The codes are gRPC's, so that one file (api/status.cc) maps them; nothing here knows gRPC. Exceptions remain for start-up and programming errors.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace offstage {

/// google.rpc.Code, by number.
enum class Code : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// What happened (`message`, one line that stands alone), to what (`fields`), and what to do (`hint`).
struct Error {
  Code code = Code::unknown;
  std::string reason;  ///< UPPER_SNAKE_CASE, stable: programs decide by it
  std::string message;
  std::string hint;
  std::string field;                                             ///< path of the request's field at fault ("spec.policy.run_timeout"), or empty
  std::vector<std::pair<std::string, std::string>> fields = {};  ///< facts: {"file", "/x.blend"}
};

/// A T or an Error. `if (!r) return r.error();`
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor): return value; and return Error{}; both read well
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  explicit operator bool() const { return state_.index() == 0; }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() { return std::get<1>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

struct Done {};
using Status = Result<Done>;

}  // namespace offstage
