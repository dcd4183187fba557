// SPDX-License-Identifier: Apache-2.0
#include "cli/parameters.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/json.h"
#include "cli/parse.h"

namespace offstage::cli {
namespace {

constexpr std::size_t most_bytes = 64U << 20U;  // more than any daemon takes, and little enough to look at

Error wrong(std::string reason, std::string message, std::string hint, std::vector<std::pair<std::string, std::string>> fields) {
  return {.code = Code::invalid_argument, .reason = std::move(reason), .message = std::move(message), .hint = std::move(hint), .fields = std::move(fields)};
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Where a JSON text is wrong: 1-based line and column; nothing if it is right.
std::optional<std::pair<std::size_t, std::size_t>> first_fault(const std::string& json) {
  struct Check : nlohmann::json::json_sax_t {
    std::size_t at = 0;
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return true; }
    bool key(string_t&) override { return true; }
    bool end_object() override { return true; }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
      at = position;
      return false;
    }
  } check;
  if (nlohmann::json::sax_parse(json, &check)) {
    const std::size_t nul = json.find('\0');  // which the parser takes for the end
    if (nul == std::string::npos) return std::nullopt;
    check.at = nul + 1;
  }
  const std::string_view before = std::string_view(json).substr(0, check.at > 0 ? check.at - 1 : 0);
  const std::size_t newline = before.rfind('\n');
  return std::pair(1 + static_cast<std::size_t>(std::ranges::count(before, '\n')),
                   newline == std::string_view::npos ? before.size() + 1 : before.size() - newline);
}

/// The end of the value or key that begins at `from` of a valid JSON text.
std::size_t end_of_value(std::string_view json, std::size_t from) {
  int depth = 0;
  for (std::size_t i = from; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') {
      for (++i; json[i] != '"'; ++i)
        if (json[i] == '\\') ++i;
      if (depth == 0) return i + 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return i;
      if (--depth == 0) return i + 1;
    } else if (depth == 0 && (c == ',' || c == ':' || c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
      return i;
    }
  }
  return json.size();
}

Result<std::string> read_all(const std::string& file) {
  const bool is_stdin = file == "-";
  const auto failed = [&](const char* what) {
    return wrong("PARAMS_UNREADABLE", std::string("the parameters cannot be read: ") + what,
                 "--params takes a file with a JSON object, or - for standard input", {{"file", file}});
  };
  const int fd = is_stdin ? STDIN_FILENO : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed(std::strerror(errno));
  std::string text;
  std::array<char, 1U << 16U> buffer;
  ssize_t got = 0;
  while ((got = ::read(fd, buffer.data(), buffer.size())) > 0 && text.size() <= most_bytes) text.append(buffer.data(), static_cast<std::size_t>(got));
  const int error = errno;
  if (!is_stdin) ::close(fd);
  if (got < 0) return failed(std::strerror(error));
  if (text.size() > most_bytes)
    return wrong("PARAMETERS_TOO_LARGE", "the parameters are larger than 64 MiB",
                 "pass large data as a file and its path as a parameter; `offstage status --json` shows the daemon's limits", {{"file", file}});
  return text;
}

}  // namespace

Result<std::vector<Member>> members_of(const std::string& text) {
  if (const auto fault = first_fault(text))
    return wrong("PARAMS_NOT_JSON", "the parameters are not JSON", "NaN and Infinity are written {\"$float\": \"nan\"}",
                 {{"line", std::to_string(fault->first)}, {"column", std::to_string(fault->second)}});
  const std::string_view json = trim(text);
  if (!json.starts_with('{')) return wrong("PARAMS_NOT_AN_OBJECT", "the parameters are no JSON object", "write {\"name\": value, …}", {});
  std::vector<Member> out;
  const auto skip = [&](std::size_t i) { return json.find_first_not_of(" \t\r\n:,", i); };
  for (std::size_t i = skip(1); json[i] != '}'; i = skip(i)) {
    const std::size_t key_end = end_of_value(json, i);
    const std::size_t value = skip(key_end);
    const std::size_t value_end = end_of_value(json, value);
    out.emplace_back(nlohmann::json::parse(json.substr(i, key_end - i)).get<std::string>(), json.substr(value, value_end - value));
    i = value_end;
  }
  return out;
}

Result<std::string> build_parameters(const std::string& file, const std::vector<std::string>& params) {
  std::vector<Member> members;
  if (!file.empty()) {
    auto text = read_all(file);
    if (!text) return text.error();
    auto found = members_of(*text);
    if (!found) {
      found.error().fields.insert(found.error().fields.begin(), {"file", file});
      return found.error();
    }
    if (params.empty()) return *text;
    members = std::move(*found);
  }
  for (const std::string& param : params) {
    auto pair = parse_pair("--param", param);
    if (!pair) return pair.error();
    auto& [key, value] = *pair;
    if (first_fault(value))
      return wrong("PARAM_NOT_JSON", "--param " + key + ": the value is not JSON",
                   "a string needs double quotes inside single ones: --param '" + key + "=\"text\"'", {{"value", value.substr(0, 200)}});
    std::erase_if(members, [&](const Member& member) { return member.first == key; });
    members.emplace_back(key, trim(value));
  }
  if (members.empty()) return std::string();
  JsonObject out;
  for (const auto& [key, value] : members) out.raw(key, value);
  return out.text();
}

}  // namespace offstage::cli
