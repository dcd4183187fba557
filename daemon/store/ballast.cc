// SPDX-License-Identifier: Apache-2.0
#include "store/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "base/unique_fd.h"

namespace offstage::store {

namespace {
constexpr std::int64_t kSlice = 1 << 20;
constexpr std::chrono::seconds kLookAgain{5};
}  // namespace

Ballast::Ballast(std::filesystem::path file, std::int64_t bytes, std::int64_t keep_free) : file_(std::move(file)), wants_(bytes), keep_free_(keep_free) {
  struct stat info {};
  if (::stat(file_.c_str(), &info) == 0) has_ = std::min<std::int64_t>(info.st_size, info.st_blocks * 512);
}

bool Ballast::give_way() {
  if (has_ == 0) return false;
  has_ = std::max<std::int64_t>(0, has_ - kSlice);
  looked_ = std::chrono::steady_clock::now();  // what was given is not to be taken back at once
  return ::truncate(file_.c_str(), has_) == 0;
}

void Ballast::refill() {
  const auto now = std::chrono::steady_clock::now();
  if (whole() || (looked_ != decltype(looked_){} && now - looked_ < kLookAgain)) return;
  looked_ = now;
  if (free_bytes(file_.parent_path()) - keep_free_ < wants_ - has_) return;
  const UniqueFd fd(::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return;
  if (::posix_fallocate(fd.get(), 0, wants_) == 0) {
    has_ = wants_;
  } else if (::ftruncate(fd.get(), has_) != 0) {
    has_ = 0;
  }
}

std::int64_t free_bytes(const std::filesystem::path& folder) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return -1;
  return static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
}

}  // namespace offstage::store
