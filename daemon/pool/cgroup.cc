// SPDX-License-Identifier: Apache-2.0
#include "pool/cgroup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace offstage::pool {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view name_of_ours = "offstage";

/// Without making it: a group's files are the kernel's.
bool write(const fs::path& file, std::string_view text) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool says(const fs::path& file, std::string_view word) {
  std::ifstream in(file);
  for (std::string each; in >> each;) {
    if (each == word) return true;
  }
  return false;
}

/// "0::/user.slice/…"
fs::path path_of_ours(const fs::path& root) {
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("0::/")) return line.substr(4);
  }
  return {};
}

/// Where the whole hierarchy is mounted.
fs::path mount(const fs::path& root) {
  std::ifstream in(root / "proc/self/mountinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream fields(line);
    std::string skipped, top, at;
    if (fields >> skipped >> skipped >> skipped >> top >> at && top == "/") return root / fs::path(at).relative_path();
  }
  return {};
}

}  // namespace

fs::path delegated_cgroup(const fs::path& root) {
  const fs::path ours = path_of_ours(root), tree = mount(root);
  if (ours.filename() != name_of_ours || tree.empty()) return {};
  const fs::path above = (tree / ours).parent_path();
  if (!write(above / "cgroup.subtree_control", "+memory +pids")) return {};
  const fs::path made = above / "cgroup.subtree_control";
  return says(made, "memory") && says(made, "pids") ? above : fs::path();
}

bool remove_cgroup(const fs::path& above, AttemptId attempt) {
  const fs::path group = above / attempt.hex();
  write(group / "cgroup.kill", "1");
  return ::rmdir(group.c_str()) == 0 || errno == ENOENT;
}

void remove_cgroups(const fs::path& above, const std::function<bool(AttemptId)>& keep) {
  std::vector<AttemptId> found;
  std::error_code error;
  for (fs::directory_iterator it(above, error), end; !error && it != end; it.increment(error)) {
    if (const auto id = AttemptId::parse(it->path().filename().string()); id && !keep(*id)) found.push_back(*id);
  }
  for (const AttemptId id : found) remove_cgroup(above, id);
}

}  // namespace offstage::pool
