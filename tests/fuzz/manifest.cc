// SPDX-License-Identifier: Apache-2.0
//
// The list of result files: in a folder that the script could write to. Whatever it says, no name in it leads out of the folder.
#include "pool/manifest.h"

#include <set>

#include "base/sha256.h"
#include "fuzz.h"

using namespace offstage;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const pool::Manifest manifest = pool::Manifest::parse(fuzz::text(data, size));
  std::set<std::string> names;
  std::int64_t bytes = 0;
  for (const pool::ResultFile& file : manifest.files()) {
    const std::filesystem::path name(file.name);
    require(name.is_relative() && !name.empty(), "a name is relative");
    for (const auto& part : name) require(part != ".." && part != "." && !part.empty(), "a name stays in its folder");
    require(file.name.find('\0') == std::string::npos, "a name has no NUL");
    require(names.insert(file.name).second, "a name is there once");
    require(manifest.find(file.name) == &file, "a name that is there is found");
    require(file.size >= 0 && Sha256::parse(file.sha256).has_value(), "sizes and hashes are such");
    bytes += file.size;
  }
  require(bytes == manifest.bytes(), "sizes are added up");
  return 0;
}
