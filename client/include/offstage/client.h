// SPDX-License-Identifier: Apache-2.0
//
// The client: create, look, follow, cancel. A thin layer over a Connection that adds what every caller needs: a deadline on each call, a request id
// on each create (so that it can be repeated safely), reconnecting with growing, jittered pauses, and streams that resume where they broke.
//
//     auto client = offstage::Client::connect().value();
//     auto job = client.create({.script = {.text = "import offstage; offstage.result = 6 * 7"}}).value();
//     auto ended = client.wait(job.name).value();          // ended.result->value_json == "42"
//
// Thread safety: all members may be called from any thread at once. Copies share the connection.
// Errors: values, see error.h. Any call may give no_daemon, unavailable, deadline_exceeded, unauthenticated.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <offstage/call.h>
#include <offstage/connection.h>
#include <offstage/fetch.h>

namespace offstage::inline client {

struct ClientOptions {
  std::chrono::milliseconds call_deadline{30'000};   ///< of each call with one answer, its repetitions included
  std::chrono::milliseconds reconnect_for{120'000};  ///< how long a broken stream looks for the daemon before it gives up
  std::chrono::milliseconds first_pause{20};         ///< between two tries; doubles up to longest_pause, ± half at random
  std::chrono::milliseconds longest_pause{1'000};
  std::function<void(const Error&)> on_reconnect;  ///< a stream broke and is being resumed; called once a break, on the stream's thread
};

class Client {
 public:
  static Result<Client> connect(const ConnectOptions& where = {}, ClientOptions options = {});
  explicit Client(std::shared_ptr<Connection> connection, ClientOptions options = {});

  // Blocking.

  /// Durable when it returns. invalid_argument, failed_precondition, already_exists, resource_exhausted: refused, nothing was created.
  Result<Job> create(JobSpec spec) const { return create(CreateRequest{.spec = std::move(spec)}); }
  Result<Job> create(CreateRequest request) const;
  /// All or nothing, at most Limits::batch_size; in the order of `specs`, their spec left empty.
  Result<std::vector<Job>> create_batch(const std::vector<JobSpec>& specs, std::string request_id = {}) const;
  Result<Job> get(const std::string& name) const;                              ///< not_found
  Result<JobPage> list(const ListRequest& request = {}) const;                 ///< invalid_argument: BAD_FILTER
  Result<Job> update(const std::string& name, const JobUpdate& update) const;  ///< not_found, aborted, failed_precondition
  Result<Job> cancel(const std::string& name) const;                           ///< recorded when it returns; cancelled when wait() says so
  Result<Job> retry(const std::string& name) const;                            ///< failed_precondition: JOB_NOT_ENDED, JOB_SUCCEEDED
  Status remove(const std::string& name, bool force = false) const;            ///< failed_precondition: JOB_NOT_ENDED
  Result<std::vector<Attempt>> attempts(const std::string& name) const;        ///< oldest first
  /// The value's JSON text of a succeeded job. Otherwise: the job's own error (failed), failed_precondition JOB_NOT_ENDED, or cancelled.
  Result<std::string> result(const std::string& name) const;
  Result<std::vector<Blender>> blenders() const;
  Result<std::vector<Zygote>> zygotes() const;
  /// Opens a scene once, ahead of the jobs on it: returns the Blender's name when a worker waits on it, or after `patience`.
  /// failed_precondition: FORK_REFUSED, SCENE_NOT_WARM (jobs on it run all the same), BLEND_NOT_FOUND, …
  Result<std::string> warm_scene(const WarmRequest& request, std::chrono::milliseconds patience = std::chrono::minutes(30)) const;
  /// Of the path, or the original path, whatever the file held; what is set of the environment narrows that down. Jobs that run on it go on.
  Status release_scene(const WarmRequest& request) const;
  Result<std::vector<Node>> nodes() const;
  Result<Server> server() const;
  /// Deletes ended jobs that are due, and removes what belongs to nothing. It takes as long as there is to do: no deadline. dry_run: only tells.
  Result<std::vector<Garbage>> collect_garbage(bool dry_run) const;

  /// A file of this machine as a job's input: on the daemon's own machine it goes by its path and is copied at submit, from afar it is written as a blob first.
  /// `name`: where the script finds it; empty: the file's own. As write_blob(); invalid_argument: FILE_NOT_FOUND, FILE_UNREADABLE.
  Result<Input> put_file(const std::string& path, std::string name = {}, const OnSent& on_sent = {}, std::stop_token stop = {}) const;
  /// Writes a file of this machine as a blob, wherever the daemon is; its name.
  Result<std::string> put_blob(const std::string& path, const OnSent& on_sent = {}, std::stop_token stop = {}) const;
  /// Durable when it returns; nothing is sent of one that is there. Resumes by itself. resource_exhausted: QUOTA_FULL, DISK_LOW, DISK_FULL;
  /// invalid_argument: BLOB_HASH_MISMATCH (the source changed meanwhile).
  Status write_blob(const BlobSource& source, const OnSent& on_sent = {}, std::stop_token stop = {}) const;
  /// Which of these the daemon does not have; the others it keeps for an hour.
  Result<std::vector<std::string>> find_missing_blobs(const std::vector<std::string>& blobs) const;
  /// Each byte once, in order. A whole one is checked: after an error (data_loss: BLOB_CORRUPT) what came is of no use. failed_precondition: BLOB_NOT_FOUND.
  Status read_blob(BlobRequest request, const OnBlob& on_chunk, std::stop_token stop = {}) const;
  /// The daemon itself listens on the Unix socket (and not an SSH that forwards it): it sees this machine's files.
  Result<bool> is_local() const;

  /// Follows jobs until `on_event` returns false (Done), `stop` (cancelled) or an error. Resumes by itself: no change is missed, some may come twice.
  Status watch(WatchRequest request, const OnWatch& on_event, std::stop_token stop = {}) const;
  /// The log from request.offset on, each byte once, also across a restart of the daemon. Without follow: what there is.
  Status log(LogRequest request, const OnLog& on_chunk, std::stop_token stop = {}) const;
  /// What an attempt (or a job's newest one) has left so far. not_found.
  Result<FilePage> files(const FilesRequest& request) const;
  /// Those that there are, then each one as it is announced, until the job has ended, `on_file` returns false (Done) or `stop`. Each at least once; where
  /// connections broke, what an attempt that is no longer the newest announced meanwhile may be missed.
  Status watch_files(const WatchFilesRequest& request, const OnFile& on_file, std::stop_token stop = {}) const;
  /// A file's bytes from request.offset on, each once, also across a restart of the daemon. data_loss: it is not what was listed (read whole: compared).
  Status read_file(const ReadFileRequest& request, const OnFileChunk& on_chunk, std::stop_token stop = {}) const;
  /// Brings the files of an attempt (or of a job's newest one) into a folder; see fetch.h.
  Result<std::vector<FetchedFile>> fetch(const std::string& name, const FetchOptions& options, std::stop_token stop = {}) const;
  /// All that is known of an attempt (or of a job's newest one), packed for a bug report. Not resumed: after an error, begin again.
  Status bundle(const std::string& name, const OnBundle& on_chunk, const std::stop_token& stop = {}) const;
  /// Waits for the end of a job. `on_change`, if given, sees each change and each progress (at most 10 a second).
  Result<Job> wait(const std::string& name, const OnWatch& on_change = {}, std::stop_token stop = {}) const;

  // The same with a callback, on a thread of the call's own. Keep the Call: its destructor cancels and joins.

  template <class T>
  using Callback = std::function<void(Result<T>)>;

  [[nodiscard]] Call create(CreateRequest request, Callback<Job> done) const;
  [[nodiscard]] Call get(std::string name, Callback<Job> done) const;
  [[nodiscard]] Call list(ListRequest request, Callback<JobPage> done) const;
  [[nodiscard]] Call cancel(std::string name, Callback<Job> done) const;
  [[nodiscard]] Call result(std::string name, Callback<std::string> done) const;
  [[nodiscard]] Call watch(WatchRequest request, OnWatch on_event, Callback<Done> done) const;
  [[nodiscard]] Call log(LogRequest request, OnLog on_chunk, Callback<Done> done) const;
  [[nodiscard]] Call wait(std::string name, OnWatch on_change, Callback<Job> done) const;

 private:
  struct Shared;
  std::shared_ptr<const Shared> shared_;
};

/// A random UUID, for CreateRequest::request_id.
std::string new_request_id();

}  // namespace offstage::inline client
