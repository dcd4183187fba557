// SPDX-License-Identifier: Apache-2.0
//
// The Connection over gRPC. A failed call over a Unix socket is looked into: "no daemon" says more than "UNAVAILABLE".
#include <absl/synchronization/mutex.h>
#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <offstage/v1/blender_service.grpc.pb.h>
#include <offstage/v1/blob_service.grpc.pb.h>
#include <offstage/v1/job_service.grpc.pb.h>
#include <offstage/v1/node_service.grpc.pb.h>

#include <cstdlib>

#include <offstage/connection.h>

#include "convert.h"
#include "grpc_caller.h"
#include "socket.h"
#include "status.h"
#include "user_agent.h"

namespace offstage::inline client {
namespace {

constexpr int most_received_bytes = 64 << 20;
constexpr std::size_t blob_chunk_bytes = 1U << 20U;
constexpr std::string_view unix_scheme = "unix:";
constexpr int unix_connect_ms = 100, tcp_connect_ms = 5'000;  // for a connection to come about, TLS and all; gRPC's name for it is another one

class GrpcConnection : public Connection, private GrpcCaller {
 public:
  GrpcConnection(const std::shared_ptr<grpc::Channel>& channel, std::string socket)
      : GrpcCaller(channel, std::move(socket)),
        jobs_(pb::JobService::NewStub(channel)),
        blenders_(pb::BlenderService::NewStub(channel)),
        node_(pb::NodeService::NewStub(channel)),
        blobs_(pb::BlobService::NewStub(channel)) {}

  Result<Job> create_job(const CreateRequest& from, Deadline deadline) override {
    pb::CreateJobRequest request;
    if (Status ok = to_proto(from.spec, *request.mutable_spec()); !ok) return ok.error();
    request.set_request_id(from.request_id);
    request.set_validate_only(from.validate_only);
    return job(&pb::JobService::Stub::CreateJob, request, deadline);
  }

  Result<std::vector<Job>> create_jobs(const std::vector<JobSpec>& specs, const std::string& request_id, Deadline deadline) override {
    pb::BatchCreateJobsRequest request;
    for (const JobSpec& spec : specs)
      if (Status ok = to_proto(spec, *request.add_specs()); !ok) return ok.error();
    request.set_request_id(request_id);
    auto reply = call(*jobs_, &pb::JobService::Stub::BatchCreateJobs, request, deadline);
    if (!reply) return reply.error();
    return all(reply->jobs());
  }

  Result<Job> get_job(const std::string& name, Deadline deadline) override {
    pb::GetJobRequest request;
    request.set_name(name);
    return job(&pb::JobService::Stub::GetJob, request, deadline);
  }

  Result<JobPage> list_jobs(const ListRequest& from, Deadline deadline) override {
    pb::ListJobsRequest request;
    request.set_filter(from.filter);
    request.set_page_size(from.page_size);
    request.set_page_token(from.page_token);
    auto reply = call(*jobs_, &pb::JobService::Stub::ListJobs, request, deadline);
    if (!reply) return reply.error();
    return JobPage{.jobs = all(reply->jobs()), .next_page_token = reply->next_page_token()};
  }

  Result<Job> update_job(const std::string& name, const JobUpdate& update, Deadline deadline) override {
    pb::UpdateJobRequest request;
    pb::Job& to = *request.mutable_job();
    to.set_name(name);
    to.set_etag(update.etag);
    if (update.priority) {
      to.set_priority(*update.priority);
      request.mutable_update_mask()->add_paths("priority");
    }
    if (update.held) {
      to.set_held(*update.held);
      request.mutable_update_mask()->add_paths("held");
    }
    if (update.labels) {
      to.mutable_labels()->insert(update.labels->begin(), update.labels->end());
      request.mutable_update_mask()->add_paths("labels");
    }
    return job(&pb::JobService::Stub::UpdateJob, request, deadline);
  }

  Result<Job> cancel_job(const std::string& name, Deadline deadline) override {
    pb::CancelJobRequest request;
    request.set_name(name);
    return job(&pb::JobService::Stub::CancelJob, request, deadline);
  }

  Result<Job> retry_job(const std::string& name, Deadline deadline) override {
    pb::RetryJobRequest request;
    request.set_name(name);
    return job(&pb::JobService::Stub::RetryJob, request, deadline);
  }

  Status delete_job(const std::string& name, bool force, Deadline deadline) override {
    pb::DeleteJobRequest request;
    request.set_name(name);
    request.set_force(force);
    auto reply = call(*jobs_, &pb::JobService::Stub::DeleteJob, request, deadline);
    if (!reply) return reply.error();
    return Done{};
  }

  Result<std::vector<Attempt>> list_attempts(const std::string& parent, Deadline deadline) override {
    pb::ListTasksRequest request;
    request.set_parent(parent);
    std::vector<Attempt> out;
    do {
      auto reply = call(*jobs_, &pb::JobService::Stub::ListTasks, request, deadline);
      if (!reply) return reply.error();
      for (const pb::Task& task : reply->tasks())
        for (const pb::Attempt& attempt : task.attempts()) out.push_back(from_proto(attempt));
      request.set_page_token(reply->next_page_token());
    } while (!request.page_token().empty());
    return out;
  }

  Result<std::vector<Blender>> list_blenders(Deadline deadline) override {
    return pages<Blender, pb::ListBlendersRequest>(
        *blenders_, &pb::BlenderService::Stub::ListBlenders, [](auto& reply) { return reply.blenders(); }, deadline);
  }
  Result<std::vector<Zygote>> list_zygotes(Deadline deadline) override {
    return pages<Zygote, pb::ListZygotesRequest>(
        *blenders_, &pb::BlenderService::Stub::ListZygotes, [](auto& reply) { return reply.zygotes(); }, deadline);
  }
  Result<std::string> warm_scene(const WarmRequest& from, Deadline deadline) override {
    auto request = scene_request<pb::WarmSceneRequest>(from);
    if (!request) return request.error();
    if (from.hold) *request->mutable_hold() = to_proto(*from.hold);
    auto reply = call(*blenders_, &pb::BlenderService::Stub::WarmScene, *request, deadline);
    if (!reply) return reply.error();
    return blender_name(reply->blender());
  }
  Status release_scene(const WarmRequest& from, Deadline deadline) override {
    auto request = scene_request<pb::ReleaseSceneRequest>(from);
    if (!request) return request.error();
    auto reply = call(*blenders_, &pb::BlenderService::Stub::ReleaseScene, *request, deadline);
    if (!reply) return reply.error();
    return Done{};
  }
  Result<std::vector<Node>> list_nodes(Deadline deadline) override {
    return pages<Node, pb::ListNodesRequest>(
        *node_, &pb::NodeService::Stub::ListNodes, [](auto& reply) { return reply.nodes(); }, deadline);
  }

  Result<Server> get_server(Deadline deadline) override {
    auto reply = call(*node_, &pb::NodeService::Stub::GetServer, pb::GetServerRequest{}, deadline);
    if (!reply) return reply.error();
    return from_proto(*reply);
  }

  Result<std::vector<Garbage>> collect_garbage(bool dry_run, Deadline deadline) override {
    pb::CollectGarbageRequest request;
    request.set_dry_run(dry_run);
    auto reply = call(*node_, &pb::NodeService::Stub::CollectGarbage, request, deadline);
    if (!reply) return reply.error();
    std::vector<Garbage> out;
    for (const pb::Garbage& garbage : reply->garbage()) out.push_back(from_proto(garbage));
    return out;
  }

  bool is_local() const override { return !socket_.empty(); }

  Result<FilePage> list_files(const FilesRequest& from, Deadline deadline) override {
    pb::ListFilesRequest request;
    request.set_parent(from.name);
    request.set_page_size(from.page_size);
    request.set_page_token(from.page_token);
    auto reply = call(*jobs_, &pb::JobService::Stub::ListFiles, request, deadline);
    if (!reply) return reply.error();
    FilePage out{.next_page_token = reply->next_page_token(),
                 .total_count = reply->total_size(),
                 .total_bytes = reply->total_bytes(),
                 .attempt = reply->attempt(),
                 .out_dir = reply->out_dir()};
    for (const pb::ResultFile& file : reply->files()) out.files.push_back(from_proto(file));
    return out;
  }

  Status watch_jobs(const WatchRequest& from, const OnWatch& on_event, const std::stop_token& stop) override {
    pb::WatchJobsRequest request;
    for (const std::string& name : from.names) request.add_names(name);
    request.set_filter(from.filter);
    request.set_resume_token(from.resume_token);
    request.set_include_progress(from.include_progress);
    return stream<pb::WatchJobsResponse>(
        stop, [&](auto* context) { return jobs_->WatchJobs(context, request); }, [&](const auto& event) { return on_event(from_proto(event)); });
  }

  Status read_log(const LogRequest& from, const OnLog& on_chunk, const std::stop_token& stop) override {
    pb::ReadLogRequest request;
    request.set_name(from.name);
    request.set_offset(from.offset);
    request.set_follow(from.follow);
    return stream<pb::ReadLogResponse>(
        stop, [&](auto* context) { return jobs_->ReadLog(context, request); },
        [&](auto& chunk) {
          return on_chunk({.attempt = chunk.attempt(), .offset = chunk.offset(), .data = std::move(*chunk.mutable_data()), .dropped = chunk.dropped()});
        });
  }

  Status watch_files(const WatchFilesRequest& from, const OnFile& on_file, const std::stop_token& stop) override {
    pb::WatchFilesRequest request;
    request.set_name(from.name);
    request.set_offset(from.offset);
    return stream<pb::WatchFilesResponse>(
        stop, [&](auto* context) { return jobs_->WatchFiles(context, request); },
        [&](const auto& event) {
          FileEvent out{.attempt = event.attempt(), .file = from_proto(event.file()), .next_offset = event.next_offset()};
          out.removed = !event.has_file();
          if (out.removed) out.file.name = event.removed();
          return on_file(out);
        });
  }

  Status read_file(const ReadFileRequest& from, const OnFileChunk& on_chunk, const std::stop_token& stop) override {
    pb::ReadFileRequest request;
    request.set_name(from.name);
    request.set_file(from.file);
    request.set_offset(from.offset);
    request.set_limit(from.limit);
    return stream<pb::ReadFileResponse>(
        stop, [&](auto* context) { return jobs_->ReadFile(context, request); },
        [&](auto& chunk) {
          FileChunk out{.data = std::move(*chunk.mutable_data())};
          if (chunk.has_file()) out.file = from_proto(chunk.file());
          return on_chunk(out);
        });
  }

  Status read_bundle(const std::string& name, const OnBundle& on_chunk, const std::stop_token& stop) override {
    pb::ReadBundleRequest request;
    request.set_name(name);
    return stream<pb::ReadBundleResponse>(
        stop, [&](auto* context) { return jobs_->ReadBundle(context, request); },
        [&](auto& chunk) { return on_chunk({.file_name = chunk.file_name(), .data = std::move(*chunk.mutable_data())}); });
  }

  std::int32_t listener() const override {
    const auto pid = socket_.empty() ? Result<pid_t>(0) : probe_socket(socket_);
    return pid ? *pid : 0;
  }

  Result<std::vector<std::string>> find_missing_blobs(const std::vector<std::string>& blobs, Deadline deadline) override {
    pb::FindMissingBlobsRequest request;
    request.mutable_blobs()->Add(blobs.begin(), blobs.end());
    auto reply = call(*blobs_, &pb::BlobService::Stub::FindMissingBlobs, request, deadline);
    if (!reply) return reply.error();
    return std::vector<std::string>(reply->missing().begin(), reply->missing().end());
  }

  Result<BlobWritten> query_write(const std::string& blob, Deadline deadline) override {
    pb::QueryWriteRequest request;
    request.set_blob(blob);
    auto reply = call(*blobs_, &pb::BlobService::Stub::QueryWrite, request, deadline);
    if (!reply) return reply.error();
    return BlobWritten{.committed_size = reply->committed_size(), .complete = reply->complete()};
  }

  Result<std::int64_t> write_blob(const BlobSource& source, std::int64_t offset, const std::function<void(std::int64_t)>& on_sent,
                                  const std::stop_token& stop) override {
    grpc::ClientContext context;
    const std::stop_callback cancel(stop, [&] { context.TryCancel(); });
    pb::WriteBlobResponse reply;
    auto writer = blobs_->WriteBlob(&context, &reply);
    pb::WriteBlobRequest chunk;
    chunk.set_blob(source.blob);
    chunk.set_size(source.size);
    do {
      auto data = source.read(offset, std::min(blob_chunk_bytes, static_cast<std::size_t>(source.size - offset)));
      if (!data) {
        context.TryCancel();
        writer->Finish();
        return data.error();
      }
      chunk.set_offset(offset);
      chunk.set_data(std::move(*data));
      if (chunk.data().empty() && offset < source.size) break;  // it has become shorter: the daemon tells how much it has
      offset += static_cast<std::int64_t>(chunk.data().size());
      if (!writer->Write(chunk)) break;  // the daemon has answered already
      on_sent(offset);
      chunk.Clear();
    } while (offset < source.size);
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    if (stop.stop_requested()) return Error{.code = Code::cancelled, .reason = "STOPPED", .message = "stopped by the caller"};
    if (!status.ok()) return explain(status);
    return reply.committed_size();
  }

  Status read_blob(const BlobRequest& from, const OnBlob& on_chunk, const std::stop_token& stop) override {
    pb::ReadBlobRequest request;
    request.set_blob(from.blob);
    request.set_offset(from.offset);
    request.set_limit(from.limit);
    return stream<pb::ReadBlobResponse>(
        stop, [&](auto* context) { return blobs_->ReadBlob(context, request); },
        [&](auto& chunk) { return on_chunk({.offset = chunk.offset(), .data = std::move(*chunk.mutable_data())}); });
  }

 private:
  template <class Method, class Request>
  Result<Job> job(Method method, const Request& request, Deadline deadline) const {
    auto reply = call(*jobs_, method, request, deadline);
    if (!reply) return reply.error();
    return from_proto(*reply);
  }

  static std::vector<Job> all(const google::protobuf::RepeatedPtrField<pb::Job>& rows) {
    std::vector<Job> out;
    out.reserve(static_cast<std::size_t>(rows.size()));
    for (const pb::Job& row : rows) out.push_back(from_proto(row));
    return out;
  }

  template <class Value, class Request, class Stub, class Method, class RowsOf>
  Result<std::vector<Value>> pages(Stub& stub, Method method, RowsOf rows_of, Deadline deadline) const {
    Request request;
    std::vector<Value> out;
    do {
      auto reply = call(stub, method, request, deadline);
      if (!reply) return reply.error();
      for (const auto& row : rows_of(*reply)) out.push_back(from_proto(row));
      request.set_page_token(reply->next_page_token());
    } while (!request.page_token().empty());
    return out;
  }

  const std::unique_ptr<pb::JobService::Stub> jobs_;
  const std::unique_ptr<pb::BlenderService::Stub> blenders_;
  const std::unique_ptr<pb::NodeService::Stub> node_;
  const std::unique_ptr<pb::BlobService::Stub> blobs_;
};

grpc::ChannelArguments arguments(const std::string& program, int connect_ms) {
  // Once started, gRPC stays: ending its threads with the last connection would cost milliseconds, and starting them again as many.
  // And without a debugging aid that some packages of absl leave on, which costs each lock.
  [[maybe_unused]] static const bool started = (absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore), ::grpc_init(), true);
  grpc::ChannelArguments out;
  out.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // an http_proxy variable would send even localhost to the proxy
  out.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  out.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, connect_ms);
  out.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  out.SetMaxReceiveMessageSize(most_received_bytes);
  out.SetMaxSendMessageSize(-1);
  out.SetUserAgentPrefix(user_agent(program));
  return out;
}

}  // namespace

Result<std::shared_ptr<Connection>> connect(const ConnectOptions& options) {
  std::string address = options.address;
  if (address.empty()) {
    const char* named = std::getenv("OFFSTAGE_SOCKET");
    address = named != nullptr && *named != '\0' ? named : std::string(unix_scheme) + default_socket_path();
  }
  if (address.starts_with('/')) address.insert(0, unix_scheme);
  if (address.starts_with(unix_scheme)) {
    std::string path = address.substr(unix_scheme.size());
    if (path.starts_with("//")) path.erase(0, 2);
    if (auto alive = probe_socket(path); !alive) return alive.error();
    return std::shared_ptr<Connection>(std::make_shared<GrpcConnection>(
        grpc::CreateCustomChannel(std::string(unix_scheme) + path, grpc::InsecureChannelCredentials(), arguments(options.program, unix_connect_ms)), path));
  }
  if (address.find(':') == std::string::npos)
    return Error{.code = Code::invalid_argument,
                 .reason = "BAD_ADDRESS",
                 .message = "the daemon's address is neither HOST:PORT nor a path",
                 .hint = "for example --address unix:/run/user/1000/offstage/offstaged.sock",
                 .fields = {{"address", address}}};
  if (options.token.empty())
    return Error{.code = Code::unauthenticated,
                 .reason = "TOKEN_MISSING",
                 .message = "a daemon that is reached by TCP wants a token",
                 .hint = "give --token-file and --tls-cert; `offstaged --make-tls DIR` makes both on the daemon's machine",
                 .fields = {{"address", address}}};
  const auto tls = grpc::SslCredentials({.pem_root_certs = options.certificate, .pem_private_key = {}, .pem_cert_chain = {}});
  const auto credentials = grpc::CompositeChannelCredentials(tls, grpc::AccessTokenCredentials(options.token));
  return std::shared_ptr<Connection>(
      std::make_shared<GrpcConnection>(grpc::CreateCustomChannel(address, credentials, arguments(options.program, tcp_connect_ms)), std::string()));
}

}  // namespace offstage::inline client
