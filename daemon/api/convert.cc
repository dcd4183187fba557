// SPDX-License-Identifier: Apache-2.0
#include "api/convert.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "api/names.h"
#include "api/status.h"
#include "api/text.h"

namespace offstage::api {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? clip(it->get<std::string>(), std::string::npos) : std::string();
}

std::uint32_t number_of(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_unsigned() ? it->get<std::uint32_t>() : 0;
}

/// A worker wrote this text: take what has the right form, pass over the rest.
void to_script_error(const std::string& text, v1::ScriptError& out) {
  const json error = json::parse(text, nullptr, false);
  if (!error.is_object()) return;
  out.set_type(text_of(error, "type"));
  out.set_message(text_of(error, "message"));
  out.set_traceback(text_of(error, "traceback"));
  const auto frames = error.find("frames");
  if (frames == error.end() || !frames->is_array()) return;
  for (const json& frame : *frames) {
    if (!frame.is_object()) continue;
    auto* to = out.add_frames();
    to->set_file(text_of(frame, "file"));
    to->set_line(number_of(frame, "line"));
    to->set_function(text_of(frame, "function"));
    to->set_source(text_of(frame, "source"));
    to->set_column(number_of(frame, "column"));
  }
}

void to_warnings(const std::string& text, v1::Job& out) {
  const json warnings = json::parse(text, nullptr, false);
  if (!warnings.is_array()) return;
  for (const json& warning : warnings) {
    if (!warning.is_object()) continue;
    auto* to = out.add_warnings();
    to->set_code(text_of(warning, "code"));
    to->set_message(text_of(warning, "message"));
    const auto metadata = warning.find("metadata");
    if (metadata == warning.end() || !metadata->is_object()) continue;
    for (const auto& [key, value] : metadata->items()) {
      if (value.is_string()) (*to->mutable_metadata())[clip(key, std::string::npos)] = clip(value.get<std::string>(), std::string::npos);
    }
  }
}

void to_labels(const std::string& text, v1::Job& out) {
  if (text == "{}") return;
  const json labels = json::parse(text, nullptr, false);
  if (!labels.is_object()) return;
  for (const auto& [key, value] : labels.items()) {
    if (value.is_string()) (*out.mutable_labels())[key] = value.get<std::string>();
  }
}

void set_time(Wall time, google::protobuf::Timestamp* (v1::Job::*field)(), v1::Job& out) {
  if (time != Wall{}) *(out.*field)() = to_timestamp(time);
}

std::string blender_name(const core::Kind& kind) { return "blenders/" + kind.blender; }

}  // namespace

google::protobuf::Timestamp to_timestamp(Wall time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  google::protobuf::Timestamp out;
  out.set_seconds(seconds.time_since_epoch().count());
  out.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(time - seconds).count()));
  return out;
}

google::protobuf::Duration to_duration(Micros duration) {
  google::protobuf::Duration out;
  out.set_seconds(duration.count() / 1'000'000);
  out.set_nanos(static_cast<std::int32_t>(duration.count() % 1'000'000 * 1000));
  return out;
}

std::string etag_of(core::Revision revision) { return "r" + std::to_string(revision); }

Result<std::optional<core::Revision>> parse_etag(const std::string& etag) {
  if (etag.empty()) return std::optional<core::Revision>();
  core::Revision revision = 0;
  const char* end = etag.data() + etag.size();
  if (etag.front() == 'r' && std::from_chars(etag.data() + 1, end, revision).ptr == end && etag.size() > 1) return std::optional(revision);
  return Error{Code::invalid_argument, "BAD_ETAG", in_quotes(etag) + " is not an etag of a job", "send the etag as GetJob returned it, or none", "job.etag"};
}

void to_job(const core::Job& job, const core::Kind& kind, v1::Job& out) {
  out.set_uid(job.id.hex());
  out.set_name(job_name(job.id));
  out.set_etag(etag_of(job.revision));
  out.set_revision(static_cast<std::int64_t>(job.revision));
  out.set_state(static_cast<v1::State>(job.state));
  set_time(job.create_time, &v1::Job::mutable_create_time, out);
  set_time(job.start_time, &v1::Job::mutable_start_time, out);
  out.set_held(job.held);
  out.set_priority(job.priority);
  out.set_attempt_count(job.attempts);
  out.set_blender(blender_name(kind));
}

void to_job(const store::JobRow& row, const std::filesystem::path& folder, v1::Job& out) {
  to_job(row.job, row.kind, out);
  out.mutable_spec()->ParseFromString(row.spec);
  set_time(row.end_time, &v1::Job::mutable_end_time, out);
  to_labels(row.labels_json, out);
  if (row.job.state == core::JobState::failed) {
    out.set_reason(static_cast<v1::Reason>(row.failure.reason));
    *out.mutable_error() = to_rpc_status(row.failure);
    if (!row.failure.script_error_json.empty()) to_script_error(row.failure.script_error_json, *out.mutable_script_error());
  }
  if (row.job.state == core::JobState::cancelled) {
    for (const auto& [name, value] : row.failure.fields) {
      if (name == "by") out.set_cancelled_by(clip(value, std::string::npos));
    }
  }
  if (row.job.state == core::JobState::succeeded) {
    out.mutable_result()->set_value_json(row.value_json.empty() ? "null" : row.value_json);
    if (!folder.empty()) out.mutable_result()->set_out_dir((folder / "out").string());
    out.mutable_result()->set_file_count(row.file_count);
    out.mutable_result()->set_file_bytes(row.file_bytes);
  }
  if (!row.warnings_json.empty()) to_warnings(row.warnings_json, out);
  if (row.progress >= 0) {
    out.mutable_progress()->set_fraction(row.progress);
    out.mutable_progress()->set_message(clip(row.progress_message, std::string::npos));
  }
}

void to_file(const pool::ResultFile& file, v1::ResultFile& out) {
  out.set_name(file.name);
  out.set_size(file.size);
  out.set_sha256(file.sha256);
  if (!file.look) return;
  out.set_mtime_ns(file.look->mtime_ns);
  out.set_ctime_ns(file.look->ctime_ns);
  out.set_inode(file.look->inode);
}

void to_progress(const pool::Progress& progress, v1::Progress& out) {
  out.set_fraction(std::max(0.0, progress.fraction));
  out.set_message(clip(progress.message, std::string::npos));
}

void to_attempt(const store::AttemptRow& row, const core::Kind& kind, const std::filesystem::path& folder, v1::Attempt& out) {
  out.set_name(attempt_name(row.job, row.id));
  out.set_uid(row.id.hex());
  out.set_number(row.number);
  out.set_state(static_cast<v1::AttemptState>(row.state));
  if (row.state == core::AttemptState::failed) {
    out.set_reason(static_cast<v1::Reason>(row.failure.reason));
    *out.mutable_error() = to_rpc_status(row.failure);
  }
  out.set_pid(row.process.pid);
  out.set_isolation(static_cast<v1::Isolation>(row.isolation));
  out.set_blender(blender_name(kind));
  out.set_folder(folder.string());
  for (const std::string& gpu : row.gpus) out.add_gpus(gpu);
  if (row.create_time != Wall{}) *out.mutable_create_time() = to_timestamp(row.create_time);
  if (row.start_time != Wall{}) *out.mutable_start_time() = to_timestamp(row.start_time);
  if (row.end_time != Wall{}) *out.mutable_end_time() = to_timestamp(row.end_time);
  if (!row.exit) return;
  out.set_exit_code(row.exit->exit_code);
  out.set_exit_signal(row.exit->signal);
  *out.mutable_usage()->mutable_user_cpu() = to_duration(row.exit->user_cpu);
  *out.mutable_usage()->mutable_system_cpu() = to_duration(row.exit->system_cpu);
  out.mutable_usage()->set_max_rss_bytes(row.exit->max_rss_bytes);
}

}  // namespace offstage::api
