// SPDX-License-Identifier: Apache-2.0
#include <offstage/client.h>

#include <algorithm>
#include <filesystem>
#include <mutex>

#include "fetch.h"
#include "log_reader.h"
#include "shared.h"

namespace offstage::inline client {
namespace {

constexpr std::size_t surely_small = 256U << 10U;  // below this no limit of any daemon is asked for

std::string size_text(std::int64_t bytes) {
  return bytes >= 1 << 20 ? std::to_string(bytes >> 20) + " MiB" : bytes >= 1 << 10 ? std::to_string(bytes >> 10) + " KiB" : std::to_string(bytes) + " bytes";
}

Error too_large(const std::string& what, std::string reason, std::string field, std::size_t bytes, std::int64_t limit, std::string hint) {
  return {.code = Code::invalid_argument,
          .reason = std::move(reason),
          .message = "the " + what + " is too large: " + size_text(static_cast<std::int64_t>(bytes)) + ", and the daemon takes " + size_text(limit),
          .hint = std::move(hint),
          .fields = {{"field", std::move(field)}}};
}

}  // namespace

Result<Client> Client::connect(const ConnectOptions& where, ClientOptions options) {
  auto connection = client::connect(where);
  if (!connection) return connection.error();
  return Client(*connection, std::move(options));
}

Client::Client(std::shared_ptr<Connection> connection, ClientOptions options) {
  auto shared = std::make_shared<Shared>();
  shared->connection = std::move(connection);
  shared->options = std::move(options);
  shared_ = std::move(shared);
}

/// Time for the copies that the daemon makes at submit.
static std::chrono::milliseconds copying(const JobSpec& spec) {
  constexpr std::uintmax_t bytes_a_millisecond = 20'000;  // a slow disk's 20 MB/s
  std::uintmax_t bytes = 0;
  for (const Input& input : spec.inputs) {
    std::error_code error;
    const std::uintmax_t size = input.path.empty() ? 0 : std::filesystem::file_size(input.path, error);
    if (!error) bytes += size;
  }
  return std::chrono::milliseconds(bytes / bytes_a_millisecond);
}

/// A message above gRPC's own limit would be refused without a word about what is too large, so large specs are looked at here.
static Status check_size(const Client& client, const JobSpec& spec) {
  const std::size_t script = spec.script.text.size(), parameters = spec.script.parameters_json.size();
  if (script + parameters < surely_small) return Done{};
  auto server = client.server();
  if (!server) return server.error();
  const Limits& limits = server->limits;
  const auto above = [](std::size_t size, std::int64_t limit) { return limit > 0 && size > static_cast<std::size_t>(limit); };
  const std::string hint = "pass large data as a file and its path as a parameter";
  if (above(script, limits.inline_script_bytes)) return too_large("script", "SCRIPT_TOO_LARGE", "spec.script.text", script, limits.inline_script_bytes, hint);
  if (above(parameters, limits.parameters_bytes))
    return too_large("JSON of the parameters", "PARAMETERS_TOO_LARGE", "spec.script.parameters_json", parameters, limits.parameters_bytes, hint);
  if (above(script + parameters, limits.message_bytes))
    return too_large("job", "MESSAGE_TOO_LARGE", "spec.script", script + parameters, limits.message_bytes, hint);
  return Done{};
}

Result<Job> Client::create(CreateRequest request) const {
  if (request.request_id.empty()) request.request_id = new_request_id();
  if (Status ok = check_size(*this, request.spec); !ok) return ok.error();
  return with_retry(
      *shared_, [&](auto deadline) { return shared_->connection->create_job(request, deadline); }, {}, copying(request.spec));
}

Result<std::vector<Job>> Client::create_batch(const std::vector<JobSpec>& specs, std::string request_id) const {
  if (request_id.empty()) request_id = new_request_id();
  std::chrono::milliseconds longer{0};
  for (const JobSpec& spec : specs) {
    if (Status ok = check_size(*this, spec); !ok) return ok.error();
    longer += copying(spec);
  }
  return with_retry(
      *shared_, [&](auto deadline) { return shared_->connection->create_jobs(specs, request_id, deadline); }, {}, longer);
}

Result<Job> Client::get(const std::string& name) const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->get_job(name, deadline); });
}
Result<JobPage> Client::list(const ListRequest& request) const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->list_jobs(request, deadline); });
}
Result<Job> Client::update(const std::string& name, const JobUpdate& update) const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->update_job(name, update, deadline); });
}
Result<Job> Client::cancel(const std::string& name) const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->cancel_job(name, deadline); });
}
Result<Job> Client::retry(const std::string& name) const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->retry_job(name, deadline); });
}
Status Client::remove(const std::string& name, bool force) const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->delete_job(name, force, deadline); });
}
Result<std::vector<Attempt>> Client::attempts(const std::string& name) const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->list_attempts(name, deadline); });
}
Result<std::vector<Blender>> Client::blenders() const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->list_blenders(deadline); });
}
Result<std::vector<Zygote>> Client::zygotes() const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->list_zygotes(deadline); });
}
Result<std::string> Client::warm_scene(const WarmRequest& request, std::chrono::milliseconds patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  return with_retry(*shared_, [&](auto) { return shared_->connection->warm_scene(request, until); });
}
Status Client::release_scene(const WarmRequest& request) const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->release_scene(request, deadline); });
}
Result<std::vector<Node>> Client::nodes() const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->list_nodes(deadline); });
}
Result<Server> Client::server() const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->get_server(deadline); });
}

Result<std::vector<Garbage>> Client::collect_garbage(bool dry_run) const {
  constexpr auto for_ever = std::chrono::hours(24 * 365);
  return shared_->connection->collect_garbage(dry_run, std::chrono::steady_clock::now() + for_ever);
}

Result<std::string> Client::result(const std::string& name) const {
  auto job = get(name);
  if (!job) return job.error();
  if (job->state == State::succeeded) return job->result ? job->result->value_json : "null";
  if (job->state == State::failed && job->error) return *job->error;
  if (job->state == State::cancelled)
    return Error{.code = Code::cancelled, .reason = "JOB_CANCELLED", .message = "the job was cancelled", .fields = {{"job", job->id}}};
  return Error{.code = Code::failed_precondition,
               .reason = "JOB_NOT_ENDED",
               .message = "the job has not ended",
               .hint = "wait for it: `offstage wait " + job->id.substr(0, 8) + "`",
               .fields = {{"job", job->id}, {"state", std::string(name_of(job->state))}}};
}

Status Client::watch(WatchRequest request, const OnWatch& on_event, std::stop_token stop) const {
  return with_resume_while_wanted(
      *shared_,
      [&](const auto& alive, bool& wanted) -> Status {
        Status ended = shared_->connection->watch_jobs(
            request,
            [&](const WatchEvent& event) {
              alive();
              if (!event.resume_token.empty()) request.resume_token = event.resume_token;
              if (std::holds_alternative<Reset>(event.what)) request.resume_token.clear();
              wanted = on_event(event);
              return wanted;
            },
            stop);
        if (!ended) return ended;
        return Error{.code = Code::unavailable, .message = "the daemon ended the stream"};  // a watch has no end of its own
      },
      stop);
}

Status Client::log(LogRequest request, const OnLog& on_chunk, std::stop_token stop) const {
  return LogReader(*shared_, std::move(request), on_chunk, std::move(stop)).run();
}

Result<FilePage> Client::files(const FilesRequest& request) const {
  return with_retry(*shared_, [&](auto deadline) { return shared_->connection->list_files(request, deadline); });
}

Status Client::watch_files(const WatchFilesRequest& request, const OnFile& on_file, std::stop_token stop) const {
  std::string attempt;    // of the last event
  std::int64_t seen = 0;  // in its list
  return with_resume_while_wanted(
      *shared_,
      [&](const auto& alive, bool& wanted) -> Status {
        return shared_->connection->watch_files(
            {.name = request.name, .offset = attempt.empty() ? request.offset : 0},
            [&](const FileEvent& event) {
              alive();
              if (event.attempt == attempt && event.next_offset <= seen) return true;  // told before the connection broke
              attempt = event.attempt;
              seen = event.next_offset;
              wanted = on_file(event);
              return wanted;
            },
            stop);
      },
      stop);
}

Status Client::read_file(const ReadFileRequest& request, const OnFileChunk& on_chunk, std::stop_token stop) const {
  bool named = false;
  std::int64_t got = 0;
  return with_resume_while_wanted(
      *shared_,
      [&](const auto& alive, bool& wanted) -> Status {
        if (got > 0 && got == request.limit) return Done{};
        ReadFileRequest rest = request;
        rest.offset += got;
        if (request.limit > 0) rest.limit -= got;
        return shared_->connection->read_file(
            rest,
            [&](const FileChunk& chunk) {
              alive();
              got += static_cast<std::int64_t>(chunk.data.size());
              wanted = std::exchange(named, true) && chunk.file ? on_chunk({.data = chunk.data}) : on_chunk(chunk);
              return wanted;
            },
            stop);
      },
      stop);
}

Result<std::vector<FetchedFile>> Client::fetch(const std::string& name, const FetchOptions& options, std::stop_token stop) const {
  return Fetcher(*this, shared_->connection->is_local(), options, std::move(stop)).run(name);
}

Status Client::bundle(const std::string& name, const OnBundle& on_chunk, const std::stop_token& stop) const {
  return shared_->connection->read_bundle(name, on_chunk, stop);
}

Result<Job> Client::wait(const std::string& name, const OnWatch& on_change, std::stop_token stop) const {
  std::optional<Job> last;
  bool deleted = false;
  const Status status = watch(
      {.names = {name}, .include_progress = static_cast<bool>(on_change)},
      [&](const WatchEvent& event) {
        if (on_change && !on_change(event)) return false;
        if (const Job* job = std::get_if<Job>(&event.what); job != nullptr && ended(job->state)) last = *job;
        deleted = std::holds_alternative<JobDeleted>(event.what);
        return !last && !deleted;
      },
      std::move(stop));
  if (last) return *last;
  if (deleted) return Error{.code = Code::not_found, .reason = "JOB_NOT_FOUND", .message = "the job was deleted", .fields = {{"job", name}}};
  if (!status) return status.error();
  return stopped();
}

Call Client::create(CreateRequest request, Callback<Job> done) const {
  return Call([self = *this, request = std::move(request), done = std::move(done)](const std::stop_token&) { done(self.create(request)); });
}
Call Client::get(std::string name, Callback<Job> done) const {
  return Call([self = *this, name = std::move(name), done = std::move(done)](const std::stop_token&) { done(self.get(name)); });
}
Call Client::list(ListRequest request, Callback<JobPage> done) const {
  return Call([self = *this, request = std::move(request), done = std::move(done)](const std::stop_token&) { done(self.list(request)); });
}
Call Client::cancel(std::string name, Callback<Job> done) const {
  return Call([self = *this, name = std::move(name), done = std::move(done)](const std::stop_token&) { done(self.cancel(name)); });
}
Call Client::result(std::string name, Callback<std::string> done) const {
  return Call([self = *this, name = std::move(name), done = std::move(done)](const std::stop_token&) { done(self.result(name)); });
}
Call Client::watch(WatchRequest request, OnWatch on_event, Callback<Done> done) const {
  return Call([self = *this, request = std::move(request), on_event = std::move(on_event), done = std::move(done)](const std::stop_token& stop) {
    done(self.watch(request, on_event, stop));
  });
}
Call Client::log(LogRequest request, OnLog on_chunk, Callback<Done> done) const {
  return Call([self = *this, request = std::move(request), on_chunk = std::move(on_chunk), done = std::move(done)](const std::stop_token& stop) {
    done(self.log(request, on_chunk, stop));
  });
}
Call Client::wait(std::string name, OnWatch on_change, Callback<Job> done) const {
  return Call([self = *this, name = std::move(name), on_change = std::move(on_change), done = std::move(done)](const std::stop_token& stop) {
    done(self.wait(name, on_change, stop));
  });
}

}  // namespace offstage::inline client
