// SPDX-License-Identifier: Apache-2.0
#include "api/bundle.h"

#include <google/protobuf/util/json_util.h>

#include "api/bundle_facts.h"
#include "api/convert.h"
#include "api/job_view.h"
#include "api/log_file.h"
#include "api/secrets.h"
#include "pool/files.h"

namespace offstage::api {
namespace {

constexpr std::size_t kLogEnd = 256 << 10;  // of its beginning, and of its end
constexpr std::size_t kMostOfFile = 2 << 20;

std::string to_json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string out;
  if (!google::protobuf::util::MessageToJsonString(message, &out, options).ok()) out = "this message cannot be written as JSON";
  return without_passwords(out);
}

/// Without its first line, the checksum.
std::string record(const std::filesystem::path& file) {
  const std::string text = pool::head_of(file, kMostOfFile);
  const std::size_t line = text.find('\n');
  return line == std::string::npos ? std::string() : text.substr(line + 1) + "\n";
}

std::string left_out(std::int64_t bytes) { return "\n[… " + std::to_string(bytes) + " bytes of the log are not here …]\n"; }

std::string read_log(LogFile& file, std::int64_t from, std::int64_t to) {
  std::string out;
  while (from < to) {
    auto chunk = file.read(from);
    if (chunk.end()) break;
    if (chunk.dropped > 0) out += left_out(std::min(chunk.dropped, to - from));
    if (static_cast<std::int64_t>(chunk.data.size()) > to - from) chunk.data.resize(static_cast<std::size_t>(to - from));
    from += chunk.dropped + static_cast<std::int64_t>(chunk.data.size());
    out += chunk.data;
  }
  return out;
}

std::string log_of(const std::filesystem::path& folder) {
  LogFile file(folder / "log");
  const std::int64_t size = file.size(), end = kLogEnd;
  if (size <= 2 * end) return read_log(file, 0, size);
  return read_log(file, 0, end) + left_out(size - 2 * end) + read_log(file, size - end, size);
}

class Maker {
 public:
  Maker(const Context& context, const store::JobRow& job, const std::optional<store::AttemptRow>& attempt) : context_(context), row_(job), attempt_(attempt) {
    show(context, job, job_);
    out_.name = "offstage-" + job_.uid().substr(0, 12) + (attempt ? "-attempt" + std::to_string(attempt->number) : "");
    out_.time = Now::read().wall;
    if (attempt) to_attempt(*attempt, job.kind, context.pool.folder(attempt->id), seen_);
  }

  Bundle make() {
    add_job();
    if (attempt_) add_attempt();
    add("versions.json", versions(context_, row_, attempt_ ? record(context_.pool.folder(attempt_->id) / "exit") : ""));
    add("environment.txt", environment(row_, job_.spec()));
    if (const std::string lines = daemon_log(context_, row_, attempt_); !lines.empty()) add("daemon.log", lines);
    std::vector<std::string> names;
    names.reserve(out_.files.size());
    for (const PackedFile& file : out_.files) names.push_back(file.name);
    out_.files.insert(out_.files.begin(), {"README.txt", readme(context_, job_, seen_, names)});
    for (PackedFile& file : out_.files) file.name.insert(0, out_.name + "/");
    return std::move(out_);
  }

 private:
  void add(const char* name, std::string content) { out_.files.push_back({name, std::move(content)}); }

  void add_job() {
    v1::Job job = job_;
    for (auto& [name, value] : *job.mutable_spec()->mutable_environment()->mutable_variables()) value = shown_value(name, value);
    if (!job.spec().script().text().empty()) job.mutable_spec()->mutable_script()->set_text("see script.py");
    if (job.has_script_error()) job.mutable_script_error()->clear_traceback();
    add("job.json", to_json(job));
    add("script.py", job_.spec().script().text());
    if (!job_.script_error().traceback().empty()) add("traceback.txt", job_.script_error().traceback());
  }

  void add_attempt() {
    const auto folder = context_.pool.folder(attempt_->id);
    add("attempt.json", to_json(seen_));
    add("log.txt", log_of(folder));
    if (auto report = pool::head_of(folder / "crash.txt", kMostOfFile); !report.empty()) add("crash.txt", std::move(report));
    if (auto outcome = record(folder / "outcome"); !outcome.empty()) add("outcome.json", std::move(outcome));
    if (auto exit = record(folder / "exit"); !exit.empty()) add("exit.json", std::move(exit));
  }

  const Context& context_;
  const store::JobRow& row_;
  const std::optional<store::AttemptRow>& attempt_;
  v1::Job job_;
  v1::Attempt seen_;
  Bundle out_;
};

}  // namespace

Bundle make_bundle(const Context& context, const store::JobRow& job, const std::optional<store::AttemptRow>& attempt) {
  return Maker(context, job, attempt).make();
}

}  // namespace offstage::api
