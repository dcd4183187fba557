// SPDX-License-Identifier: Apache-2.0
//
// What calls take and what streams bring.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <offstage/blob.h>
#include <offstage/types.h>

namespace offstage::inline client {

struct CreateRequest {
  JobSpec spec;
  std::string request_id;      ///< a UUID; empty: the client makes one. The same id with the same spec gives the same job.
  bool validate_only = false;  ///< check everything, create nothing
};

/// A scene to be opened ahead of the jobs on it.
struct WarmRequest {
  Scene scene;
  Environment environment;       ///< as the jobs will ask for it; its isolation is not looked at
  std::optional<Duration> hold;  ///< kept at least so long; unset: until it was not used for a while
};

struct ListRequest {
  std::string filter;          ///< AIP-160, a conjunction: `state = FAILED AND labels.shot = "010"`
  std::int32_t page_size = 0;  ///< 0: the daemon's default
  std::string page_token;
};

struct JobPage {
  std::vector<Job> jobs;        ///< newest first
  std::string next_page_token;  ///< empty: the last page
};

/// Changes of a job that waits or runs; only what is set is changed.
struct JobUpdate {
  std::optional<std::int32_t> priority;
  std::optional<bool> held;
  std::optional<std::map<std::string, std::string>> labels;
  std::string etag;  ///< if given, must be the current one
};

struct WatchRequest {
  std::vector<std::string> names;  ///< "jobs/{id}"; empty: by filter, or all
  std::string filter;
  std::string resume_token;  ///< continue after it; empty: a snapshot first
  bool include_progress = false;
};

struct JobDeleted {
  std::string name;
};
struct ProgressUpdate {
  std::string name;
  Progress progress;
};
struct Synced {};  ///< the snapshot is complete: what follows is news
struct Reset {};   ///< forget all that you know: a snapshot follows

struct WatchEvent {
  std::variant<Job, JobDeleted, ProgressUpdate, Synced, Reset> what;
  std::string resume_token;  ///< empty for progress
};

struct LogRequest {
  std::string name;         ///< "jobs/{id}": the newest attempt (with follow also those that come); or an attempt's name
  std::int64_t offset = 0;  ///< in bytes
  bool follow = false;      ///< until it has ended
};

struct LogChunk {
  std::string attempt;       ///< its name
  std::int64_t offset = 0;   ///< of data, or of the gap
  std::string data;          ///< bytes as the script wrote them: not always UTF-8
  std::int64_t dropped = 0;  ///< so many bytes from offset on are not kept any more; data is empty then
};

/// A piece of the .tar.gz that holds all that is known of an attempt.
struct BundleChunk {
  std::string file_name;  ///< a name for the whole; the same in each piece
  std::string data;
};

/// The files of an attempt, in the order in which they were announced.
struct FilesRequest {
  std::string name;  ///< "jobs/{id}": the newest attempt's; or an attempt's name
  std::int32_t page_size = 0;
  std::string page_token;
};

struct FilePage {
  std::vector<ResultFile> files;
  std::string next_page_token;   ///< empty: the last page
  std::int64_t total_count = 0;  ///< on all pages
  std::int64_t total_bytes = 0;  ///< their sizes together
  std::string attempt;           ///< its name; empty: there is none yet
  std::string out_dir;           ///< on the daemon's machine
};

struct WatchFilesRequest {
  std::string name;         ///< "jobs/{id}": the newest attempt, and those that come; or an attempt's name
  std::int64_t offset = 0;  ///< next_offset of an earlier event; of the first attempt
};

struct FileEvent {
  std::string attempt;  ///< its name
  ResultFile file;
  bool removed = false;          ///< there is no such file any more; only its name is set
  std::int64_t next_offset = 0;  ///< a place in this attempt's list
};

struct ReadFileRequest {
  std::string name;         ///< "jobs/{id}": the newest attempt's file; or an attempt's name
  std::string file;         ///< ResultFile::name
  std::int64_t offset = 0;  ///< in bytes
  std::int64_t limit = 0;   ///< at most so many bytes; 0: to the end
};

struct FileChunk {
  std::string data;
  std::optional<ResultFile> file;  ///< in the first piece: what is being read
};

/// Called for each event, on the calling thread (blocking form) or the call's own (callback form). Return false to stop.
using OnWatch = std::function<bool(const WatchEvent&)>;
using OnLog = std::function<bool(const LogChunk&)>;
using OnBundle = std::function<bool(const BundleChunk&)>;
using OnFile = std::function<bool(const FileEvent&)>;
using OnFileChunk = std::function<bool(const FileChunk&)>;

}  // namespace offstage::inline client
