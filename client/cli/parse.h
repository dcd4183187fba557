// SPDX-License-Identifier: Apache-2.0
//
// What the values of options mean: durations, sizes, numbers, K=V.
//
// Errors: invalid_argument that names the option and shows what to write instead.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <offstage/job_spec.h>
#include <offstage/result.h>

namespace offstage::cli {

/// "30s", "500ms", "5m" (or min), "2h", "1d", "1.5h"; a plain number is seconds. From 1 ms to 365 days.
Result<Duration> parse_duration(const std::string& option, const std::string& text);
/// "512MiB", "1GiB", "1GB", "1G" (= GiB), plain bytes.
Result<std::int64_t> parse_size(const std::string& option, const std::string& text);
Result<std::int64_t> parse_number(const std::string& option, const std::string& text, std::int64_t least, std::int64_t most);
/// At the first "="; the key is not empty.
Result<std::pair<std::string, std::string>> parse_pair(const std::string& option, const std::string& text);
Result<std::map<std::string, std::string>> parse_pairs(const std::string& option, const std::vector<std::string>& texts);
/// 8-4-4-4-12 hexadecimal digits.
bool is_uuid(const std::string& text);

/// What the program is given, cut at the first "--": CLI11 would read what follows as its own.
struct Argv {
  std::vector<std::string> own, script;
};
Argv cut_argv(const std::vector<std::string>& args);

/// FILE[=NAME] of --input. A text that names an existing file is that file, "=" or not; otherwise the last "=" parts the two.
struct InputFile {
  std::string file, name;
};
Result<InputFile> parse_input(const std::string& text);

}  // namespace offstage::cli
