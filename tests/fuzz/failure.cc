// SPDX-License-Identifier: Apache-2.0
//
// A failure as the store keeps it.
#include "core/failure_json.h"

#include <stdexcept>

#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offstage;
  core::Failure failure;
  try {
    failure = core::failure_from_json(fuzz::text(data, size));
  } catch (const std::runtime_error&) {
    return 0;
  }
  const std::string stored = core::to_json(failure);
  const core::Failure again = core::failure_from_json(stored);
  fuzz::require(again.reason == failure.reason && again.message == failure.message && again.hint == failure.hint && again.fields == failure.fields &&
                    again.script_error_json == failure.script_error_json,
                "what is stored is read as it was");
  return 0;
}
