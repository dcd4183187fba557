// SPDX-License-Identifier: Apache-2.0
//
// Parameters: JSON text that people write, client and daemon check, and the worker's Python reads, byte for byte.
#include <nlohmann/json.hpp>

#include "api/json_object.h"
#include "api/text.h"
#include "cli/parameters.h"
#include "fuzz.h"

namespace {

using namespace offstage;
using fuzz::require;
using Json = nlohmann::json;

/// --params FILE --param added=[1]: what was there stays as it was.
void spliced(const std::string& file, const Json& whole) {
  const auto members = cli::members_of(file);
  require(static_cast<bool>(members), "what the daemon takes, the client takes");
  Json last;
  for (const auto& [key, value] : *members) last[key] = Json::parse(value);  // of a key that comes twice the last one counts, as for the parser
  require(members->empty() ? whole.empty() : last == whole, "members are cut where they begin and end");

  const fuzz::File on_disk(file);
  require(*cli::build_parameters(on_disk.path(), {}) == file, "a file alone travels byte for byte");
  const auto built = cli::build_parameters(on_disk.path(), {"added=[1]"});
  require(built && !api::not_a_json_object(*built), "what the client builds, the daemon takes");
  Json expected = whole;
  expected["added"] = {1};
  require(Json::parse(*built) == expected, "a parameter is added, and no other is touched");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text(data, size));
  const auto fault = api::not_a_json_object(text);
  if (fault) {
    require(!fault->empty() && !api::invalid_utf8(*fault), "a refusal says why, in text that travels");
    return 0;
  }
  const Json whole = Json::parse(text, nullptr, false);
  require(whole.is_object(), "parameters are a JSON object");
  require(!api::invalid_utf8(text), "… in UTF-8");
  spliced(text, whole);
  return 0;
}
