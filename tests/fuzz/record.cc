// SPDX-License-Identifier: Apache-2.0
//
// Outcome and exit record: files in a folder that the script could write to. The first byte chooses: the whole file as it is, or the JSON of one whose first
// line is right, which no fuzzer would find by itself.
#include <openssl/sha.h>

#include <nlohmann/json.hpp>

#include "core/failure_json.h"
#include "errors.h"
#include "pool/records.h"

namespace {

using namespace offstage;
using fuzz::require;

const AttemptId attempt = *AttemptId::parse("000102030405060708090a0b0c0d0e0f");

std::string with_first_line(const std::string& title, std::string_view json) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  ::SHA256(reinterpret_cast<const unsigned char*>(json.data()), json.size(), digest);
  return title + " 1 " + std::to_string(json.size()) + " " + to_hex(digest, sizeof digest) + "\n" + std::string(json);
}

void outcome(std::string_view bytes) {
  const auto read = pool::parse_outcome(bytes, attempt);
  if (!read) return fuzz::require_good(read.error());
  require(core::ended(read->state), "an outcome is an end");
  require((read->state == core::AttemptState::failed) == (read->failure.reason != core::Reason::none), "what failed has a reason, and nothing else has");
  require(core::to_json(core::failure_from_json(core::to_json(read->failure))) == core::to_json(read->failure), "its failure can be stored and read");
  require(read->warnings_json.empty() || nlohmann::json::accept(read->warnings_json), "its warnings are JSON");
}

void exit(std::string_view bytes) {
  const auto read = pool::parse_exit(bytes, attempt);
  if (!read) return fuzz::require_good(read.error());
  require(read->exit.user_cpu.count() >= 0 && read->exit.system_cpu.count() >= 0, "times are not negative");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = fuzz::text(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      outcome(bytes);
      break;
    case 1:
      outcome(with_first_line("OFFSTAGE-OUTCOME", bytes));
      break;
    case 2:
      exit(bytes);
      break;
    default:
      exit(with_first_line("OFFSTAGE-EXIT", bytes));
  }
  return 0;
}
