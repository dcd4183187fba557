// SPDX-License-Identifier: Apache-2.0
//
// What a job was given: files that lie beside it from its submit to its deletion, whatever becomes of those they were made from.
//
//     <state>/inputs/<job>/a/b.txt        0400; of a blob a hard link, of a path a copy (blocks shared where the filesystem can)
//     <state>/inputs/<job>/.scene.blend   a scene that was given by value
//     <state>/staging/                    0700, for clients of this machine: what lies there is taken without a copy
//
// A submit claims the job's folder, fills it, makes it durable, and only then may the job exist. A folder whose job does not exist and that nobody has claimed
// belongs to a submit that failed: it goes. So there is nothing to roll back after a crash. A staged file is linked, and loses its old name when the job
// exists: a submit that is repeated finds it again.
//
// Thread: any; reads and writes files, so never the core strand or gRPC's threads.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/blobs.h"

namespace offstage::store {

inline constexpr std::string_view scene_file = ".scene.blend";

inline std::filesystem::path inputs_folder(const std::filesystem::path& state, JobId job) { return state / "inputs" / job.hex(); }
inline std::filesystem::path staging_folder(const std::filesystem::path& state) { return state / "staging"; }

struct InputSource {
  std::string name;  ///< relative and checked (api/validate_inputs.h)
  std::variant<std::filesystem::path, Sha256> source;
  std::string field;  ///< for errors: "inputs[2].path"
};

class Inputs {
 public:
  Inputs(const std::filesystem::path& state, Blobs& blobs, Room& room);
  /// Makes the folders.
  Status open() const;

  /// A job's folder, while its submit lasts.
  class Claim {
   public:
    Claim(Claim&& other) noexcept;
    Claim& operator=(Claim&& other) = delete;
    /// Removes what was taken, unless it was kept.
    ~Claim();
    JobId job() const { return job_; }
    /// All of them, durable; or an error and nothing. INPUT_NOT_FOUND, INPUT_UNREADABLE, INPUT_CHANGED, BLOB_NOT_FOUND, QUOTA_FULL, DISK_LOW, DISK_FULL.
    Status take(std::span<const InputSource> sources);
    /// From here on the job may exist, whether we hear of it or not.
    void decided() { decided_ = true; }
    /// It does not.
    void refused() { decided_ = false; }
    /// It does: what was staged loses its old name.
    void accepted();

   private:
    friend class Inputs;
    Claim(Inputs* inputs, JobId job) : inputs_(inputs), job_(job) {}
    Inputs* inputs_;
    JobId job_;
    bool decided_ = false;
    std::vector<std::filesystem::path> staged_;
  };
  /// SUBMIT_UNDER_WAY: the same request is being handled by another call.
  Result<Claim> claim(JobId job);

  /// What take() would say, without taking anything.
  Status check(std::span<const InputSource> sources) const;

  /// Folders of jobs that are neither claimed nor known are removed; tells each with its bytes.
  void collect(const std::function<bool(JobId)>& known, bool remove, const std::function<void(const std::filesystem::path&, std::int64_t)>& found);

 private:
  Status take_one(const InputSource& source, const std::filesystem::path& folder, std::vector<std::filesystem::path>& staged);
  Status take_file(const std::filesystem::path& from, const std::filesystem::path& to, std::vector<std::filesystem::path>& staged);
  bool is_staged(const std::filesystem::path& file) const;
  void remove(const std::filesystem::path& folder);

  const std::filesystem::path folder_, staging_;
  Blobs& blobs_;
  Room& room_;
  std::mutex mutex_;
  std::set<JobId> claimed_;
};

}  // namespace offstage::store
