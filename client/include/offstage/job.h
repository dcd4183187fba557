// SPDX-License-Identifier: Apache-2.0
//
// A job and what became of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <offstage/enums.h>
#include <offstage/error.h>
#include <offstage/job_spec.h>

namespace offstage::inline client {

using Time = std::chrono::sys_time<std::chrono::microseconds>;  ///< UTC

struct Frame {
  std::string file;
  std::uint32_t line = 0;  ///< from 1
  std::string function;
  std::string source;        ///< the line's text
  std::uint32_t column = 0;  ///< from 1; only of syntax errors, otherwise 0
};

/// A Python exception, in parts; only the script's own frames, outermost first.
struct ScriptError {
  std::string type;  ///< "ValueError"
  std::string message;
  std::vector<Frame> frames;
  std::string traceback;  ///< as Python prints it
};

struct Warning {
  std::string code;
  std::string message;
  std::map<std::string, std::string> metadata;
};

struct Progress {
  double fraction = 0;  ///< 0 … 1
  std::string message;
};

struct JobResult {
  std::string value_json;       ///< exact, as the script made it; "null" if it gave none
  std::string out_dir;          ///< on the daemon's machine
  std::int64_t file_count = 0;  ///< how many files it has left: Client::files(), Client::fetch()
  std::int64_t file_bytes = 0;  ///< their sizes together
};

/// What stat() said of a file when it was hashed: one that still looks so has still that content.
struct FileLook {
  std::int64_t mtime_ns = 0, ctime_ns = 0;  ///< since 1970
  std::uint64_t inode = 0;
  friend bool operator==(const FileLook&, const FileLook&) = default;
};

/// A file that a script has left in offstage.out_dir.
struct ResultFile {
  std::string name;                   ///< relative to out_dir: "frames/0001.png"
  std::int64_t size = 0;              ///< in bytes
  std::string sha256;                 ///< 64 hexadecimal digits
  std::optional<FileLook> look = {};  ///< none: its content has to be read to be known
};

struct Usage {
  Duration user_cpu{}, system_cpu{};
  std::int64_t max_rss_bytes = 0;
};

/// One try at a job.
struct Attempt {
  std::string name;          ///< "jobs/{id}/tasks/0/attempts/{attempt}"
  std::string id;            ///< 32 hexadecimal digits
  std::uint32_t number = 0;  ///< from 1
  AttemptState state = AttemptState::unspecified;
  Reason reason = Reason::none;
  std::optional<Error> error;
  std::int32_t pid = 0;                          ///< on the daemon's machine; 0: none yet
  Isolation isolation = Isolation::unspecified;  ///< what it got
  std::string blender;
  std::optional<Time> create_time, start_time, end_time;
  std::int32_t exit_code = 0;
  std::int32_t exit_signal = 0;  ///< 0: none
  Usage usage;
  std::string folder;             ///< on the daemon's machine: work/, out/, tmp/, log
  std::vector<std::string> gpus;  ///< ids of those that it has
};

struct Job {
  std::string name;  ///< "jobs/{id}"
  std::string id;    ///< 32 hexadecimal digits
  std::string etag;
  std::int64_t revision = 0;
  JobSpec spec;
  State state = State::unspecified;
  Reason reason = Reason::none;             ///< of a failed job
  std::optional<Error> error;               ///< of a failed job
  std::optional<ScriptError> script_error;  ///< of Reason::script_error, and of others that came as an exception
  std::vector<Warning> warnings;
  Progress progress;
  std::optional<JobResult> result;  ///< of a succeeded job
  std::optional<Time> create_time, start_time, end_time, expire_time;
  bool held = false;
  std::int32_t priority = 0;
  std::map<std::string, std::string> labels;
  std::uint32_t attempt_count = 0;
  std::string blender;       ///< the installation that was chosen
  std::string cancelled_by;  ///< of a cancelled job: "alice@desk, with offstage/0.1.0"; empty: not known
};

}  // namespace offstage::inline client
