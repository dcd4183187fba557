// SPDX-License-Identifier: Apache-2.0
//
// The work that is asked for. Aggregates: name what you need, the rest has a default.
//
//     JobSpec spec{.script = {.text = "print(1)"}, .policy = {.run_timeout = 30s}};
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <offstage/enums.h>

namespace offstage::inline client {

using Duration = std::chrono::microseconds;

/// A Python script. Give `text`, or `path` on the daemon's machine; `read_script()` fills text and name from a file of this machine.
struct Script {
  std::string text;               ///< UTF-8, at most Limits::inline_script_bytes
  std::string path;               ///< absolute, on the daemon's machine; read once, at submit. Only if text is empty.
  std::string name;               ///< with text: what `__file__` and tracebacks say; an absolute path or a plain name
  std::vector<std::string> args;  ///< sys.argv[1:], at most 1,000
  std::string parameters_json;    ///< a JSON object, passed on byte for byte; empty = {}. No bare NaN: {"$float": "nan"}.
};

/// A file that the script finds in its working directory. Give `path` (absolute, on the daemon's machine) or `blob`; Client::put_file() makes one of a file of
/// this machine.
struct Input {
  std::string name;  ///< "a.txt", "textures/wood.png": relative to the script's working directory
  std::string path;  ///< copied at submit
  std::string blob;  ///< SHA-256
};

/// A .blend: on the daemon's machine, opened where it lies (path), or by value (blob and original_path).
struct Scene {
  std::string path;                  ///< absolute
  bool trust_blend_scripts = false;  ///< run Python drivers and scripts of the file
  std::string blob;                  ///< SHA-256 of the .blend's bytes (Client::put_blob)
  std::string original_path;         ///< with blob: absolute; where its // paths are meant from
};

/// An add-on or extension; a job does not run without those that it names.
struct Addon {
  std::string module;            ///< what Python imports
  std::string version;           ///< must be this one; empty: any
  std::string path;              ///< absolute: its folder, .py or .zip; empty: one that Blender or a script folder has
  std::string preferences_json;  ///< a JSON object: attributes of its preferences
};

/// A folder of assets, under the name that scripts and the asset browser know it by.
struct AssetLibrary {
  std::string name;  ///< at most 63 bytes
  std::string path;  ///< absolute
};

/// Which Blender, and what it sees.
struct Environment {
  std::string blender;  ///< "4.5", ">=4.2,<5", a name, an absolute path; empty: the daemon's default
  Isolation isolation = Isolation::automatic;
  std::map<std::string, std::string> variables;  ///< at most 256
  std::string preferences;                       ///< absolute path of a userpref.blend; empty: the factory's
  std::vector<Addon> addons;                     ///< in this order, at most 64
  std::vector<std::string> python_paths;         ///< absolute, first on sys.path, at most 64
  std::vector<std::string> script_folders;       ///< absolute, at most 64
  std::vector<AssetLibrary> asset_libraries;     ///< at most 64
  std::vector<std::string> wrapper;              ///< a command put before Blender's: {"rez-env", "usd", "--"}; at most 64 words
  Compute compute = Compute::automatic;          ///< what Cycles computes with; anything but `none` needs Resources::gpus
};

struct Resources {
  std::uint32_t cpus = 0;         ///< 0: all cores, one slot; N: capped at N, takes N slots
  std::int64_t memory_bytes = 0;  ///< 0: no limit; otherwise at least 64 MiB
  std::uint32_t gpus = 0;         ///< that no other job has meanwhile; the Blender is started for the job
};

/// Durations are from 1 ms to 365 days; unset = no limit.
struct Policy {
  std::optional<Duration> queue_timeout;     ///< from create to the first attempt
  std::optional<Duration> start_timeout;     ///< from a worker's assignment to the script's first line (daemon's default: 10 min)
  std::optional<Duration> run_timeout;       ///< of one attempt, from its first line
  std::optional<Duration> progress_timeout;  ///< between two calls of progress()
  std::optional<Duration> cancel_grace;      ///< from the cancel flag to SIGTERM (daemon's default: 2 s)
  std::uint32_t max_attempts = 1;            ///< 1 … 100
  std::vector<Reason> retry_on;              ///< nothing is tried again unless named here
  OnWarning on_warning = OnWarning::warn;    ///< fail: a scene with a missing file and the like does not run, see Job::warnings
};

struct JobSpec {
  std::string display_name;                   ///< at most 256 bytes, no control characters; default: the script's file name
  std::map<std::string, std::string> labels;  ///< at most 64
  Script script;
  std::optional<Scene> scene;  ///< unset: the factory start-up scene
  std::vector<Input> inputs;   ///< at most Limits::inputs
  Environment environment;
  Resources resources;
  Policy policy;
  std::int32_t priority = 0;  ///< -1000 … 1000; from 100 on the job is interactive
  bool held = false;          ///< waits until it is released
  std::string deliver_to;     ///< absolute folder on the daemon's machine, for the result files; empty: they stay in JobResult::out_dir
};

}  // namespace offstage::inline client
