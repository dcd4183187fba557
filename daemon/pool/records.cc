// SPDX-License-Identifier: Apache-2.0
#include "pool/records.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "base/unique_fd.h"
#include "pool/files.h"

namespace offstage::pool {
namespace {

using Json = nlohmann::json;
constexpr std::size_t max_record_bytes = 64 << 20;

Error bad(const char* reason, const std::string& why) { return {Code::data_loss, reason, why, "", ""}; }

/// "<title> <length> <sha>\n<JSON>" → the JSON.
Result<std::string_view> body(std::string_view bytes, std::string_view title, const char* reason) {
  const std::size_t end = bytes.substr(0, 200).find('\n');
  if (end == std::string_view::npos) return bad(reason, "its first line is missing");
  std::string_view head = bytes.substr(0, end);
  const std::string_view json = bytes.substr(end + 1);
  if (!head.starts_with(title)) return bad(reason, "its first line does not begin with " + std::string(title));
  head.remove_prefix(title.size());
  std::size_t length = 0;
  const auto [p, error] = std::from_chars(head.data(), head.data() + head.size(), length);
  if (error != std::errc() || p == head.data() + head.size() || *p != ' ') return bad(reason, "its length cannot be read");
  if (length != json.size()) return bad(reason, "it has " + std::to_string(json.size()) + " bytes where its first line says " + std::to_string(length));
  if (head.substr(static_cast<std::size_t>(p - head.data()) + 1) != Sha256::of(json).hex()) return bad(reason, "its checksum differs");
  return json;
}

template <class T>
T get(const Json& object, const char* key, T otherwise) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return otherwise;
  return it->get<T>();  // throws Json::exception on another type; caught by the parsers below
}

core::Reason reason_of(const std::string& text) {
  static constexpr std::pair<std::string_view, core::Reason> names[] = {
      {"SCRIPT_ERROR", core::Reason::script_error},
      {"EXIT_CODE", core::Reason::exit_code},
      {"CRASHED", core::Reason::crashed},
      {"OUT_OF_MEMORY", core::Reason::out_of_memory},
      {"TIMED_OUT", core::Reason::timed_out},
      {"PREFLIGHT", core::Reason::preflight},
      {"DISK_FULL", core::Reason::disk_full},
      {"RESULT_INVALID", core::Reason::result_invalid},
      {"SCENE_UNREADABLE", core::Reason::scene_unreadable},
      {"BLENDER_UNAVAILABLE", core::Reason::blender_unavailable},
  };
  for (const auto& [name, reason] : names) {
    if (name == text) return reason;
  }
  return core::Reason::script_error;
}

core::Outcome outcome_of(const Json& json) {
  core::Outcome out;
  const auto state = get<std::string>(json, "state", "");
  if (state == "succeeded") {
    out.state = core::AttemptState::succeeded;
    out.value_json = get<std::string>(json, "value_json", "null");
  } else if (state == "cancelled") {
    out.state = core::AttemptState::cancelled;
  } else if (state == "failed") {
    out.failure.reason = reason_of(get<std::string>(json, "reason", ""));
    out.failure.message = get<std::string>(json, "message", "the script failed");
    out.failure.hint = get<std::string>(json, "hint", "");
    if (out.failure.reason == core::Reason::exit_code) out.failure.fields.emplace_back("exit_code", std::to_string(get<std::int64_t>(json, "exit_code", 1)));
    if (const auto error = json.find("error"); error != json.end() && error->is_object()) {
      out.failure.script_error_json = error->dump(-1, ' ', false, Json::error_handler_t::replace);
    }
  } else {
    throw std::invalid_argument("its state is \"" + state + "\"");
  }
  if (const auto files = json.find("files"); files != json.end() && files->is_object()) {
    const auto number = [&files](const char* key) { return std::max<std::int64_t>(0, get<std::int64_t>(*files, key, 0)); };
    out.files = {number("count"), number("bytes"), get<std::string>(*files, "sha256", "")};
  }
  if (const auto warnings = json.find("warnings"); warnings != json.end() && warnings->is_array() && !warnings->empty()) {
    out.warnings_json = warnings->dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return out;
}

Json parse_object(std::string_view text, AttemptId attempt) {
  Json json = Json::parse(text);
  if (!json.is_object()) throw std::invalid_argument("it is no JSON object");
  if (get<std::string>(json, "attempt", "") != attempt.hex()) throw std::invalid_argument("it is of another attempt");
  return json;
}

}  // namespace

Result<core::Outcome> parse_outcome(std::string_view bytes, AttemptId attempt) {
  const auto json = body(bytes, "OFFSTAGE-OUTCOME 1 ", "BAD_OUTCOME");
  if (!json) return json.error();
  try {
    return outcome_of(parse_object(*json, attempt));
  } catch (const std::exception& e) {
    return bad("BAD_OUTCOME", e.what());
  }
}

Result<ExitRecord> parse_exit_json(std::string_view text, AttemptId attempt) {
  try {
    const Json json = parse_object(text, attempt);
    ExitRecord out;
    out.process = {get<std::int32_t>(json, "pid", 0), get<std::uint64_t>(json, "start_ticks", 0)};
    out.exit.exit_code = get<std::int32_t>(json, "exit_code", 0);
    out.exit.signal = get<std::int32_t>(json, "signal", 0);
    const auto micros = [&json](const char* key) { return Micros(static_cast<std::int64_t>(std::clamp(get<double>(json, key, 0), 0.0, 1e12) * 1e6)); };
    out.exit.user_cpu = micros("user_s");
    out.exit.system_cpu = micros("system_s");
    out.exit.max_rss_bytes = get<std::int64_t>(json, "max_rss_bytes", 0);
    out.exit.killed_by = get<std::string>(json, "killed_by", "");
    out.strays_killed = get<unsigned>(json, "strays_killed", 0);
    out.memory_limit = get<std::int64_t>(json, "memory_limit_bytes", 0);
    return out;
  } catch (const std::exception& e) {
    return bad("BAD_EXIT_RECORD", e.what());
  }
}

Result<ExitRecord> parse_exit(std::string_view bytes, AttemptId attempt) {
  const auto json = body(bytes, "OFFSTAGE-EXIT 1 ", "BAD_EXIT_RECORD");
  if (!json) return json.error();
  return parse_exit_json(*json, attempt);
}

std::string format_exit(const ExitRecord& record, AttemptId attempt) {
  const Json json = {
      {"attempt", attempt.hex()},
      {"pid", record.process.pid},
      {"start_ticks", record.process.start_ticks},
      {"status", record.exit.signal != 0 ? record.exit.signal : record.exit.exit_code << 8},
      {"exit_code", record.exit.exit_code},
      {"signal", record.exit.signal},
      {"killed_by", record.exit.killed_by},
      {"strays_killed", record.strays_killed},
      {"user_s", static_cast<double>(record.exit.user_cpu.count()) / 1e6},
      {"system_s", static_cast<double>(record.exit.system_cpu.count()) / 1e6},
      {"max_rss_bytes", record.exit.max_rss_bytes},
      {"memory_limit_bytes", record.memory_limit},
      {"ended_boottime_us", BootClock::now().time_since_epoch().count()},
  };
  const std::string text = json.dump();
  return "OFFSTAGE-EXIT 1 " + std::to_string(text.size()) + " " + Sha256::of(text).hex() + "\n" + text;
}

std::optional<core::Outcome> read_outcome(const std::filesystem::path& folder, AttemptId attempt) {
  const auto bytes = read_file(folder / "outcome", max_record_bytes);
  if (!bytes) return std::nullopt;
  auto outcome = parse_outcome(*bytes, attempt);
  return outcome ? std::optional(std::move(*outcome)) : std::nullopt;
}

std::optional<ExitRecord> read_exit(const std::filesystem::path& folder, AttemptId attempt) {
  const auto bytes = read_file(folder / "exit", 1 << 20);
  if (!bytes) return std::nullopt;
  auto record = parse_exit(*bytes, attempt);
  return record ? std::optional(std::move(*record)) : std::nullopt;
}

bool write_exit(const std::filesystem::path& folder, const ExitRecord& record, AttemptId attempt) {
  return write_file(folder / "exit", format_exit(record, attempt));
}

}  // namespace offstage::pool
