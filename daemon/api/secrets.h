// SPDX-License-Identifier: Apache-2.0
//
// Hides what looks like a secret, in what leaves the machine with a bug report: values of variables whose names say so, and passwords within URLs.
//
// Thread: any; pure functions.
#pragma once

#include <string>
#include <string_view>

namespace offstage::api {

/// The name of a variable has KEY, TOKEN, SECRET, PASS, CREDENTIAL, AUTH, COOKIE or PRIVATE in it, in any case of letters.
bool names_a_secret(std::string_view name);
/// "https://user:***@host" for each URL with a password in it, "https://***@host" for what a web address has alone before its @.
std::string without_passwords(std::string_view text);
/// The value, or "(hidden)".
std::string shown_value(std::string_view name, std::string_view value);

}  // namespace offstage::api
