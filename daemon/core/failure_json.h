// SPDX-License-Identifier: Apache-2.0
//
// A Failure as the store keeps it: one JSON object.
//
//     {"reason": 1, "message": "…", "hint": "…", "fields": [["exit_code", "3"], …], "error": "{…}"}
//
// `fields` is an array, since their order is the order in which they are shown. `error` is the outcome's object as a string: its text comes back byte for
// byte, which parsing and writing it again would not do. What is empty is left out.
#pragma once

#include <string>
#include <string_view>

#include "core/model.h"

namespace offstage::core {

std::string to_json(const Failure& failure);       ///< bytes that are not UTF-8 become U+FFFD
Failure failure_from_json(std::string_view text);  ///< throws std::runtime_error if the text was not made by to_json()

}  // namespace offstage::core
