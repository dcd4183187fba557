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

/// Called for each event, on the calling thread (blocking form) or the call's own (callback form). Return false to stop.
using OnWatch = std::function<bool(const WatchEvent&)>;
using OnLog = std::function<bool(const LogChunk&)>;
using OnBundle = std::function<bool(const BundleChunk&)>;

}  // namespace offstage::inline client
