// SPDX-License-Identifier: Apache-2.0
//
// Is this text a JSON object? Only looks: parameters travel byte for byte, since parsing and writing them again would turn 2^80 into 1.2e24.
//
// Thread: any; pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace offstage::api {

/// What is wrong with the text as a JSON object, as the end of a sentence that begins with a field's name; nothing if it is one.
std::optional<std::string> not_a_json_object(std::string_view text);

}  // namespace offstage::api
