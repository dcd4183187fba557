// SPDX-License-Identifier: Apache-2.0
//
// Job ids as people write them: shortened while unique, in any case, with or without "jobs/".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <offstage/client.h>

namespace offstage::cli {

/// Lower-case hexadecimal digits, at most 32; nothing if `text` is no id or beginning of one.
std::optional<std::string> id_digits(const std::string& text);

/// "jobs/{32 digits}". Errors: not_found (malformed, unknown, or ambiguous: with the candidates).
Result<std::string> job_name(const Client& client, const std::string& text);
/// The name of a job's attempt by its number, as `show` has it; an empty number gives the job's own name, which stands for its newest. Errors: not_found.
Result<std::string> attempt_name(const Client& client, const std::string& id, const std::string& number);
Result<std::vector<std::string>> job_names(const Client& client, const std::vector<std::string>& texts);

}  // namespace offstage::cli
