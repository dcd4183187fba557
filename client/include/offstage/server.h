// SPDX-License-Identifier: Apache-2.0
//
// The daemon and the Blenders that it found.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <offstage/job.h>

namespace offstage::inline client {

/// Forked workers of one kind have crashed again and again: jobs that leave the choice to the daemon start cold, until a trial does well.
struct Breaker {
  BreakerState state = BreakerState::unspecified;
  std::uint32_t crashes = 0;  ///< in a row; 0: no zygote could be had
  std::string reason;         ///< of the last one
  std::optional<Time> trial_time;
  std::map<std::string, std::string> variables;  ///< that make the kind
};

struct Blender {
  std::string name;     ///< as a selector takes it, e.g. "3.4.1-blender"
  std::string version;  ///< "4.5.15"
  std::string path;     ///< the executable, or a Python that can import bpy
  bool module = false;  ///< a Python
  ForkState fork = ForkState::unspecified;
  std::string fork_reason;
  std::string error;  ///< why it cannot be used at all; empty: it can
  std::string build_hash;
  std::optional<Time> proof_time;
  double fork_cores = 0, cold_cores = 0;  ///< that the proof's render used
  bool is_default = false;
  std::vector<Breaker> breakers;  ///< that are not closed
};

/// A warm Blender that makes workers (or, forks = false, a supervisor that starts cold ones).
struct Zygote {
  std::int32_t pid = 0;
  std::string blender;
  bool forks = false;
  std::uint32_t idle_workers = 0, busy_workers = 0;
  std::string scene;  ///< path of the .blend that it keeps warm; empty: it is pristine
  std::int64_t memory_bytes = 0;
  std::optional<Time> start_time;
};

/// What the daemon allows, in bytes and counts; 0: not said.
struct Limits {
  std::int64_t message_bytes = 0, inline_script_bytes = 0, parameters_bytes = 0, result_bytes = 0;
  std::int32_t batch_size = 0, labels = 0, page_size = 0;
  std::int64_t queue_length = 0;
  std::int32_t display_name_bytes = 0;
  std::int64_t spec_bytes = 0, streams = 0, connections = 0;
  std::int64_t attempt_bytes = 0;    ///< of an attempt's folder; 0: no limit
  Duration retention{};              ///< ended jobs are kept so long; 0: until they are deleted
  std::int64_t retention_bytes = 0;  ///< what the folders of ended jobs may take; 0: no limit
  std::int32_t inputs = 0;           ///< of one job
  std::int64_t blob_bytes = 0;       ///< what blobs and inputs may take; 0: no limit
  std::int64_t blob_chunk_bytes = 0;
  std::int32_t find_blobs = 0;
};

/// What is not needed any more.
struct Garbage {
  GarbageKind kind = GarbageKind::unspecified;
  std::int64_t count = 0;          ///< of jobs, or of files and folders
  std::int64_t bytes = 0;          ///< on the disk
  std::vector<std::string> names;  ///< of the first hundred: "jobs/{uid}", or absolute paths
  bool removed = false;            ///< false: only told
};

struct Server {
  std::string version;
  std::int32_t pid = 0;
  std::optional<Time> start_time;
  Duration uptime{};
  std::string state_dir;
  std::string log_file;  ///< empty: the journal or standard error
  Limits limits;
  std::vector<std::string> features;
  std::map<std::string, std::string> enforcement;
  std::map<std::string, std::int64_t> job_counts;  ///< "queued": 3
  std::string instance;                            ///< new with each start of the daemon
  std::vector<std::string> warnings;
  std::string staging_folder;  ///< a file that is moved there becomes an input without a copy
};

/// The machine that runs the workers.
struct Node {
  std::string name;
  bool draining = false;
  std::uint32_t slots = 0, slots_used = 0, cpus = 0;
  std::int64_t memory_bytes = 0, memory_available_bytes = 0;
};

}  // namespace offstage::inline client
