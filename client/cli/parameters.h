// SPDX-License-Identifier: Apache-2.0
//
// The parameters' JSON object from --params FILE and --param K=JSON.
//
// Values are spliced as text, never parsed and written again: 2^80 stays 2^80. JSON is only checked.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <offstage/result.h>

namespace offstage::cli {

/// A member of a JSON object: the decoded key and the value's exact text.
using Member = std::pair<std::string, std::string>;

/// The members of an object, in order. Errors: PARAMS_NOT_JSON (with line and column), PARAMS_NOT_AN_OBJECT.
Result<std::vector<Member>> members_of(const std::string& json);

/// `params` are "K=JSON"; `file` is a path, "-" for stdin, or empty. A --param wins over the file, a later one over an earlier. Without either: "".
/// With the file alone: its text as it is.
Result<std::string> build_parameters(const std::string& file, const std::vector<std::string>& params);

}  // namespace offstage::cli
