// SPDX-License-Identifier: Apache-2.0
#include "app/enforcement.h"

#include "pool/files.h"

namespace offstage::app {
namespace {

std::string processes(bool cgroup, uid_t user) {
  if (cgroup) return "cgroup: 4096 of a script, threads counted";
  if (user == 0) return "none: RLIMIT_NPROC does not hold for root";
  return "RLIMIT_NPROC: half of what the user may have, threads counted";
}

std::string log(std::int64_t bytes, const std::filesystem::path& state) {
  if (bytes == 0) return "none";
  if (pool::punches_holes(state)) return "the middle is given back to the disk beyond " + std::to_string(bytes) + " bytes";
  return "none: the filesystem of the state folder has no holes";
}

}  // namespace

std::map<std::string, std::string> enforcement(const std::filesystem::path& cgroup, std::int64_t log_bytes, const std::filesystem::path& state, uid_t user) {
  const bool grouped = !cgroup.empty();
  return {{"memory", grouped ? "cgroup, RLIMIT_DATA behind it" : "private memory of a script's processes, sampled every 100 ms, RLIMIT_DATA behind it"},
          {"processes", processes(grouped, user)},
          {"process_tree", grouped ? "subreaper, cgroup" : "subreaper"},
          {"log", log(log_bytes, state)}};
}

}  // namespace offstage::app
