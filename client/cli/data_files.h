// SPDX-License-Identifier: Apache-2.0
//
// Files that go with a job because of what it is given: libraries of data-blocks, large arrays of its parameters. docs/reference/values.md and data-blocks.md
// have their forms; only their names are looked at here.
#pragma once

#include <string>
#include <vector>

#include <offstage/result.h>

#include "cli/parse.h"

namespace offstage::cli {

/// LIB.blend and LIB.json of each --data-blocks, as `.blocks/N.*`. Errors: one of the two is not there.
Result<std::vector<InputFile>> files_of_libraries(const std::vector<std::string>& libraries);

/// What {"$ndarray": {"file": ".values/0.npy"}} and {"$bytes": {"file": …}} of a JSON text name, each once; they lie in `folder`.
std::vector<InputFile> files_of_values(const std::string& json, const std::string& folder);

}  // namespace offstage::cli
