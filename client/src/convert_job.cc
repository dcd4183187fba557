// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "convert.h"
#include "status.h"

namespace offstage::inline client {
namespace {

Duration micros(const google::protobuf::Duration& from) { return std::chrono::seconds(from.seconds()) + Duration(from.nanos() / 1'000); }
Time micros(const google::protobuf::Timestamp& from) { return Time(std::chrono::seconds(from.seconds()) + Duration(from.nanos() / 1'000)); }

template <class Message, class Value>
auto if_set(const Message& message, bool (Message::*has)() const, const Value& (Message::*get)() const) {
  using Out = decltype(micros(std::declval<const Value&>()));
  return (message.*has)() ? std::optional<Out>(micros((message.*get)())) : std::nullopt;
}

template <class Map>
auto plain(const Map& from) {
  return std::map<typename Map::key_type, typename Map::mapped_type>(from.begin(), from.end());
}

Script value_of(const pb::Script& from) {
  return {.text = from.text(),
          .path = from.path(),
          .name = from.name(),
          .args = {from.args().begin(), from.args().end()},
          .parameters_json = from.parameters_json()};
}

Policy value_of(const pb::Policy& from) {
  Policy to{.queue_timeout = if_set(from, &pb::Policy::has_queue_timeout, &pb::Policy::queue_timeout),
            .start_timeout = if_set(from, &pb::Policy::has_start_timeout, &pb::Policy::start_timeout),
            .run_timeout = if_set(from, &pb::Policy::has_run_timeout, &pb::Policy::run_timeout),
            .progress_timeout = if_set(from, &pb::Policy::has_progress_timeout, &pb::Policy::progress_timeout),
            .cancel_grace = if_set(from, &pb::Policy::has_cancel_grace, &pb::Policy::cancel_grace),
            .max_attempts = std::max(1U, from.max_attempts())};
  if (from.on_warning() != pb::ON_WARNING_UNSPECIFIED) to.on_warning = static_cast<OnWarning>(from.on_warning());
  for (const int reason : from.retry_on()) to.retry_on.push_back(static_cast<Reason>(reason));
  return to;
}

JobSpec value_of(const pb::JobSpec& from) {
  JobSpec to{.display_name = from.display_name(), .labels = plain(from.labels()), .script = value_of(from.script())};
  if (from.has_scene()) to.scene = Scene{.path = from.scene().path(), .trust_blend_scripts = from.scene().trust_blend_scripts()};
  to.environment = {.blender = from.environment().blender(),
                    .isolation = static_cast<Isolation>(from.environment().isolation()),
                    .variables = plain(from.environment().variables()),
                    .preferences = from.environment().preferences(),
                    .python_paths = {from.environment().python_paths().begin(), from.environment().python_paths().end()},
                    .script_folders = {from.environment().script_folders().begin(), from.environment().script_folders().end()}};
  to.environment.compute = static_cast<Compute>(from.environment().compute());
  to.environment.wrapper = {from.environment().wrapper().begin(), from.environment().wrapper().end()};
  for (const auto& library : from.environment().asset_libraries()) to.environment.asset_libraries.push_back({.name = library.name(), .path = library.path()});
  for (const auto& addon : from.environment().addons())
    to.environment.addons.push_back({.module = addon.module(), .version = addon.version(), .path = addon.path(), .preferences_json = addon.preferences_json()});
  to.resources = {.cpus = from.resources().cpus(), .memory_bytes = from.resources().memory_bytes(), .gpus = from.resources().gpus()};
  to.policy = value_of(from.policy());
  to.priority = from.priority();
  to.held = from.held();
  to.deliver_to = from.deliver_to();
  return to;
}

ScriptError value_of(const pb::ScriptError& from) {
  ScriptError to{.type = from.type(), .message = from.message(), .traceback = from.traceback()};
  for (const auto& frame : from.frames())
    to.frames.push_back({.file = frame.file(), .line = frame.line(), .function = frame.function(), .source = frame.source(), .column = frame.column()});
  return to;
}

}  // namespace

std::string blender_name(const std::string& resource) { return resource.starts_with("blenders/") ? resource.substr(9) : resource; }

Attempt from_proto(const pb::Attempt& from) {
  Attempt to{.name = from.name(), .id = from.uid(), .number = from.number()};
  to.state = static_cast<AttemptState>(from.state());
  to.reason = static_cast<Reason>(from.reason());
  if (from.has_error()) to.error = to_error(from.error());
  to.pid = from.pid();
  to.isolation = static_cast<Isolation>(from.isolation());
  to.blender = blender_name(from.blender());
  to.create_time = if_set(from, &pb::Attempt::has_create_time, &pb::Attempt::create_time);
  to.start_time = if_set(from, &pb::Attempt::has_start_time, &pb::Attempt::start_time);
  to.end_time = if_set(from, &pb::Attempt::has_end_time, &pb::Attempt::end_time);
  to.exit_code = from.exit_code();
  to.exit_signal = from.exit_signal();
  to.usage = {.user_cpu = micros(from.usage().user_cpu()), .system_cpu = micros(from.usage().system_cpu()), .max_rss_bytes = from.usage().max_rss_bytes()};
  to.folder = from.folder();
  to.gpus = {from.gpus().begin(), from.gpus().end()};
  return to;
}

ResultFile from_proto(const pb::ResultFile& from) {
  ResultFile out{.name = from.name(), .size = from.size(), .sha256 = from.sha256()};
  if (from.inode() != 0) out.look = FileLook{.mtime_ns = from.mtime_ns(), .ctime_ns = from.ctime_ns(), .inode = from.inode()};
  return out;
}

static JobResult from_proto(const pb::Result& from) {
  return {.value_json = from.value_json(), .out_dir = from.out_dir(), .file_count = from.file_count(), .file_bytes = from.file_bytes()};
}

Job from_proto(const pb::Job& from) {
  Job to{.name = from.name(), .id = from.uid(), .etag = from.etag(), .revision = from.revision(), .spec = value_of(from.spec())};
  to.state = static_cast<State>(from.state());
  to.reason = static_cast<Reason>(from.reason());
  if (from.has_error()) to.error = to_error(from.error());
  if (from.has_script_error()) to.script_error = value_of(from.script_error());
  for (const auto& warning : from.warnings())
    to.warnings.push_back({.code = warning.code(), .message = warning.message(), .metadata = plain(warning.metadata())});
  to.progress = {.fraction = from.progress().fraction(), .message = from.progress().message()};
  if (from.has_result()) to.result = from_proto(from.result());
  to.create_time = if_set(from, &pb::Job::has_create_time, &pb::Job::create_time);
  to.start_time = if_set(from, &pb::Job::has_start_time, &pb::Job::start_time);
  to.end_time = if_set(from, &pb::Job::has_end_time, &pb::Job::end_time);
  to.expire_time = if_set(from, &pb::Job::has_expire_time, &pb::Job::expire_time);
  to.held = from.held();
  to.priority = from.priority();
  to.labels = plain(from.labels());
  to.attempt_count = from.attempt_count();
  to.blender = blender_name(from.blender());
  to.cancelled_by = from.cancelled_by();
  return to;
}

Blender from_proto(const pb::Blender& from) {
  Blender to{.name = blender_name(from.name()), .version = from.version(), .path = from.path(), .module = from.kind() == pb::BLENDER_KIND_MODULE};
  to.fork = static_cast<ForkState>(from.fork());
  to.fork_reason = from.fork_reason();
  to.error = from.error();
  to.build_hash = from.build_hash();
  to.proof_time = if_set(from, &pb::Blender::has_proof_time, &pb::Blender::proof_time);
  to.fork_cores = from.fork_cores();
  to.cold_cores = from.cold_cores();
  to.is_default = from.is_default();
  for (const pb::Breaker& breaker : from.breakers())
    to.breakers.push_back({.state = static_cast<BreakerState>(breaker.state()),
                           .crashes = breaker.crashes(),
                           .reason = breaker.reason(),
                           .trial_time = if_set(breaker, &pb::Breaker::has_trial_time, &pb::Breaker::trial_time),
                           .variables = plain(breaker.variables())});
  return to;
}

Zygote from_proto(const pb::Zygote& from) {
  return {.pid = from.pid(),
          .blender = blender_name(from.blender()),
          .forks = from.forks(),
          .idle_workers = from.idle_workers(),
          .busy_workers = from.busy_workers(),
          .scene = from.scene(),
          .memory_bytes = from.memory_bytes(),
          .start_time = if_set(from, &pb::Zygote::has_start_time, &pb::Zygote::start_time)};
}

Node from_proto(const pb::Node& from) {
  return {.name = from.name(),
          .draining = from.draining(),
          .slots = from.slots(),
          .slots_used = from.slots_used(),
          .cpus = from.cpus(),
          .memory_bytes = from.memory_bytes(),
          .memory_available_bytes = from.memory_available_bytes()};
}

Server from_proto(const pb::Server& from) {
  Server to{.version = from.version(), .pid = from.pid()};
  to.start_time = if_set(from, &pb::Server::has_start_time, &pb::Server::start_time);
  to.uptime = micros(from.uptime());
  to.state_dir = from.state_dir();
  to.log_file = from.log_file();
  const pb::Limits& limits = from.limits();
  to.limits = {.message_bytes = limits.message_bytes(),
               .inline_script_bytes = limits.inline_script_bytes(),
               .parameters_bytes = limits.parameters_bytes(),
               .result_bytes = limits.result_bytes(),
               .batch_size = limits.batch_size(),
               .labels = limits.labels(),
               .page_size = limits.page_size(),
               .queue_length = limits.queue_length(),
               .display_name_bytes = limits.display_name_bytes(),
               .spec_bytes = limits.spec_bytes(),
               .streams = limits.streams(),
               .connections = limits.connections(),
               .attempt_bytes = limits.attempt_bytes(),
               .retention = micros(limits.retention()),
               .retention_bytes = limits.retention_bytes(),
               .inputs = limits.inputs(),
               .blob_bytes = limits.blob_bytes(),
               .blob_chunk_bytes = limits.blob_chunk_bytes(),
               .find_blobs = limits.find_blobs()};
  to.features = {from.features().begin(), from.features().end()};
  to.enforcement = plain(from.enforcement());
  to.job_counts = plain(from.job_counts());
  to.instance = from.instance();
  to.warnings = {from.warnings().begin(), from.warnings().end()};
  to.staging_folder = from.staging_folder();
  return to;
}

Garbage from_proto(const pb::Garbage& from) {
  return {.kind = static_cast<GarbageKind>(from.kind()),
          .count = from.count(),
          .bytes = from.bytes(),
          .names = {from.names().begin(), from.names().end()},
          .removed = from.removed()};
}

WatchEvent from_proto(const pb::WatchJobsResponse& from) {
  WatchEvent to{.what = Synced{}, .resume_token = from.resume_token()};
  if (from.has_job()) to.what = from_proto(from.job());
  if (from.has_deleted()) to.what = JobDeleted{from.deleted()};
  if (from.has_reset()) to.what = Reset{};
  if (from.has_progress())
    to.what = ProgressUpdate{.name = from.progress().name(),
                             .progress = {.fraction = from.progress().progress().fraction(), .message = from.progress().progress().message()}};
  return to;
}

}  // namespace offstage::inline client
