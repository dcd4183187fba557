// SPDX-License-Identifier: Apache-2.0
#include "cli/job_json.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "cli/json.h"

namespace offstage::cli {
namespace {

std::string error_json(const Error& error, const ScriptError* script) {
  JsonObject out;
  out.text("message", error.message);
  out.raw("traceback", script != nullptr ? json_string(script->traceback) : "null");
  out.text_or_null("hint", error.hint);
  JsonObject fields;
  for (const auto& [key, value] : error.fields) fields.text(key, value);
  out.raw("fields", fields.text());
  if (script == nullptr) return out.text();
  out.text("type", script->type);
  std::vector<std::string> frames;
  frames.reserve(script->frames.size());
  for (const Frame& frame : script->frames) {
    JsonObject one;
    one.text("file", frame.file).number("line", std::int64_t{frame.line}).text("function", frame.function).text("source", frame.source);
    if (frame.column > 0) one.number("column", std::int64_t{frame.column});
    frames.push_back(one.text());
  }
  return out.raw("frames", json_array(frames)).text();
}

std::string warnings_json(const std::vector<Warning>& warnings) {
  std::vector<std::string> out;
  out.reserve(warnings.size());
  for (const Warning& warning : warnings)
    out.push_back(JsonObject().text("code", warning.code).text("message", warning.message).raw("metadata", json_map(warning.metadata)).text());
  return json_array(out);
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::string time_text(const Time& time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t seconds = whole.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                parts.tm_min, parts.tm_sec, static_cast<int>((time - whole).count()));
  return buffer.data();
}

std::string json_time(const std::optional<Time>& time) { return time ? json_string(time_text(*time)) : "null"; }

std::string to_json(const Attempt& attempt) {
  JsonObject out;
  out.text("id", attempt.id)
      .number("number", std::int64_t{attempt.number})
      .text("state", name_of(attempt.state))
      .text_or_null("reason", name_of(attempt.reason));
  out.raw("error", attempt.error ? error_json(*attempt.error, nullptr) : "null");
  out.number("pid", std::int64_t{attempt.pid}).text("isolation", name_of(attempt.isolation)).text("blender", attempt.blender).text("folder", attempt.folder);
  out.raw("gpus", json_strings(attempt.gpus));
  out.number("exit_code", std::int64_t{attempt.exit_code}).number("exit_signal", std::int64_t{attempt.exit_signal});
  out.raw("create_time", json_time(attempt.create_time)).raw("start_time", json_time(attempt.start_time)).raw("end_time", json_time(attempt.end_time));
  out.number("user_cpu_s", seconds(attempt.usage.user_cpu))
      .number("system_cpu_s", seconds(attempt.usage.system_cpu))
      .number("max_rss_bytes", attempt.usage.max_rss_bytes);
  return out.text();
}

std::string to_json(const Job& job, const std::vector<Attempt>& attempts) {
  JsonObject out;
  out.text("id", job.id)
      .text("name", job.name)
      .text("display_name", job.spec.display_name)
      .text("state", name_of(job.state))
      .text_or_null("reason", name_of(job.reason));
  out.raw("result", job.result && !job.result->value_json.empty() ? job.result->value_json : "null");
  out.raw("error", job.error ? error_json(*job.error, job.script_error ? &*job.script_error : nullptr) : "null");
  out.number("progress", job.progress.fraction).text("message", job.progress.message);
  std::vector<std::string> tries;
  tries.reserve(attempts.size());
  for (const Attempt& attempt : attempts) tries.push_back(to_json(attempt));
  out.raw("attempts", json_array(tries));
  const std::string folder = attempts.empty() ? std::string() : attempts.back().folder;
  out.text_or_null("folder", folder);
  out.text_or_null("out_dir", job.result && !job.result->out_dir.empty() ? job.result->out_dir : folder.empty() ? folder : folder + "/out");
  out.number("file_count", job.result ? job.result->file_count : 0).number("file_bytes", job.result ? job.result->file_bytes : 0);
  out.text_or_null("deliver_to", job.spec.deliver_to);
  out.number("priority", std::int64_t{job.priority}).boolean("held", job.held).raw("labels", json_map(job.labels)).text_or_null("blender", job.blender);
  out.text_or_null("cancelled_by", job.cancelled_by);
  out.raw("create_time", json_time(job.create_time)).raw("start_time", json_time(job.start_time)).raw("end_time", json_time(job.end_time));
  out.raw("expire_time", json_time(job.expire_time));
  out.raw("warnings", warnings_json(job.warnings));
  out.text("script", job.spec.script.name.empty() ? job.spec.script.path : job.spec.script.name).raw("args", json_strings(job.spec.script.args));
  out.raw("parameters", job.spec.script.parameters_json.empty() ? "{}" : job.spec.script.parameters_json);
  return out.text();
}

}  // namespace offstage::cli
