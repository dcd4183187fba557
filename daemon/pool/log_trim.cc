// SPDX-License-Identifier: Apache-2.0
#include "pool/log_trim.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/unique_fd.h"

namespace offstage::pool {
namespace {
constexpr std::int64_t block = 4096, stat_block = 512, head_share = 4, slack_share = 8;
}

void trim_log(const std::filesystem::path& log, std::int64_t keep_bytes) {
  const UniqueFd fd(::open(log.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat s {};
  if (!fd || ::fstat(fd.get(), &s) != 0 || !S_ISREG(s.st_mode) || s.st_blocks * stat_block <= keep_bytes + keep_bytes / slack_share) return;
  const std::int64_t head = keep_bytes / head_share;
  const std::int64_t begin = (head + block - 1) / block * block, end = (s.st_size - (keep_bytes - head)) / block * block;
  if (begin < end) ::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, begin, end - begin);
}

}  // namespace offstage::pool
