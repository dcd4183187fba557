// SPDX-License-Identifier: Apache-2.0
//
// One daemon, one try a call: what Client stands on, and what a test replaces.
//
// An implementation only carries: no retry, no resume, no defaults; that is Client's part, which is the same over any Connection.
// Thread safety: an implementation may be called from any number of threads at once.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <offstage/requests.h>
#include <offstage/result.h>

namespace offstage::inline client {

class Connection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  virtual ~Connection() = default;

  virtual Result<Job> create_job(const CreateRequest& request, Deadline deadline) = 0;
  virtual Result<std::vector<Job>> create_jobs(const std::vector<JobSpec>& specs, const std::string& request_id, Deadline deadline) = 0;
  virtual Result<Job> get_job(const std::string& name, Deadline deadline) = 0;
  virtual Result<JobPage> list_jobs(const ListRequest& request, Deadline deadline) = 0;
  virtual Result<Job> update_job(const std::string& name, const JobUpdate& update, Deadline deadline) = 0;
  virtual Result<Job> cancel_job(const std::string& name, Deadline deadline) = 0;
  virtual Result<Job> retry_job(const std::string& name, Deadline deadline) = 0;
  virtual Status delete_job(const std::string& name, bool force, Deadline deadline) = 0;
  virtual Result<std::vector<Attempt>> list_attempts(const std::string& job, Deadline deadline) = 0;  ///< oldest first
  virtual Result<std::vector<Blender>> list_blenders(Deadline deadline) = 0;
  virtual Result<std::vector<Zygote>> list_zygotes(Deadline deadline) = 0;
  virtual Result<std::string> warm_scene(const WarmRequest& request, Deadline deadline) = 0;  ///< the Blender's name
  virtual Status release_scene(const WarmRequest& request, Deadline deadline) = 0;
  virtual Result<std::vector<Node>> list_nodes(Deadline deadline) = 0;
  virtual Result<Server> get_server(Deadline deadline) = 0;
  virtual Result<std::vector<Garbage>> collect_garbage(bool dry_run, Deadline deadline) = 0;
  virtual Result<FilePage> list_files(const FilesRequest& request, Deadline deadline) = 0;

  /// The daemon runs on this machine: its paths are ours.
  virtual bool is_local() const = 0;

  virtual std::int32_t listener() const = 0;  ///< the pid of who listens on the Unix socket; 0: TCP, or nobody
  virtual Result<std::vector<std::string>> find_missing_blobs(const std::vector<std::string>& blobs, Deadline deadline) = 0;
  virtual Result<BlobWritten> query_write(const std::string& blob, Deadline deadline) = 0;
  /// What is there afterwards. on_sent: after each chunk.
  virtual Result<std::int64_t> write_blob(const BlobSource& source, std::int64_t offset, const std::function<void(std::int64_t)>& on_sent,
                                          const std::stop_token& stop) = 0;
  virtual Status read_blob(const BlobRequest& request, const OnBlob& on_chunk, const std::stop_token& stop) = 0;

  /// Blocks while the stream lasts. Done: the server ended it. Code::cancelled: `stop`, or on_event returned false.
  virtual Status watch_jobs(const WatchRequest& request, const OnWatch& on_event, const std::stop_token& stop) = 0;
  virtual Status read_log(const LogRequest& request, const OnLog& on_chunk, const std::stop_token& stop) = 0;
  virtual Status watch_files(const WatchFilesRequest& request, const OnFile& on_file, const std::stop_token& stop) = 0;
  virtual Status read_file(const ReadFileRequest& request, const OnFileChunk& on_chunk, const std::stop_token& stop) = 0;
  virtual Status read_bundle(const std::string& name, const OnBundle& on_chunk, const std::stop_token& stop) = 0;
};

/// Where the daemon is.
struct ConnectOptions {
  /// "" = OFFSTAGE_SOCKET or the user's own daemon; "unix:/path"; "host:port" (TLS with `certificate` and `token`).
  std::string address;
  std::string certificate;  ///< PEM text of the daemon's certificate or its authority; only for host:port
  std::string token;        ///< only for host:port
  std::string program;      ///< who asks, "my-tool/1.0": kept with what is cancelled; empty: the library's own name
};

/// The path of the user's own daemon's socket: $XDG_RUNTIME_DIR/offstage/offstaged.sock, or ${TMPDIR:-/tmp}/offstage-{uid}/offstaged.sock.
std::string default_socket_path();

/// Connects. For a Unix socket: Code::no_daemon, or Code::unsafe_socket unless socket and folder belong to this user and are closed to others (0600 in 0700).
/// host:port is dialled by the first call.
Result<std::shared_ptr<Connection>> connect(const ConnectOptions& options = {});

}  // namespace offstage::inline client
