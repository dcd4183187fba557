// SPDX-License-Identifier: Apache-2.0
#include "api/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "api/limits.h"

namespace offstage::api {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path) { throw std::system_error(errno, std::system_category(), "log " + path.string()); }

constexpr std::int64_t kStatBlock = 512;

}  // namespace

bool LogFile::open() {
  if (fd_) return true;
  fd_ = UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!fd_ && errno != ENOENT) fail(path_);
  return static_cast<bool>(fd_);
}

std::int64_t LogFile::size() {
  if (!open()) return 0;
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) fail(path_);
  return status.st_size;
}

LogFile::Chunk LogFile::read(std::int64_t offset) {
  Chunk chunk;
  if (!open()) return chunk;
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) fail(path_);
  std::int64_t end = status.st_size;
  if (offset >= end) return chunk;
  if (status.st_blocks * kStatBlock < end) {  // there may be holes
    const std::int64_t data = ::lseek(fd_.get(), offset, SEEK_DATA);
    if (data != offset) {
      chunk.dropped = (data < 0 ? end : data) - offset;
      return chunk;
    }
    const std::int64_t hole = ::lseek(fd_.get(), offset, SEEK_HOLE);
    if (hole > offset) end = std::min(end, hole);
  }
  chunk.data.resize(static_cast<std::size_t>(std::min<std::int64_t>(end - offset, kLogChunkBytes)));
  const ssize_t got = ::pread(fd_.get(), chunk.data.data(), chunk.data.size(), offset);
  if (got < 0) fail(path_);
  chunk.data.resize(static_cast<std::size_t>(got));
  return chunk;
}

}  // namespace offstage::api
