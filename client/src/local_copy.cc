// SPDX-License-Identifier: Apache-2.0
#include "local_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "digest.h"

namespace offstage::inline client {
namespace {

constexpr std::size_t piece = 256 << 10;            // of one read and write: stays in a core's cache between the two
constexpr std::size_t block = 4 << 20, blocks = 8;  // handed to the other thread at once: few hand-overs, where cores are busy with others
constexpr std::size_t at_once = 32 << 20;           // of what the kernel copies: so often it looks whether to stop
constexpr std::int64_t worth_a_thread = 4 << 20;

ssize_t read_some(int from, char* into, std::size_t most) {
  ssize_t n = 0;
  do n = ::read(from, into, most);
  while (n < 0 && errno == EINTR);
  return n;
}

bool write_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(to, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// Reads on the caller's thread, hashes on another one; both look at the same bytes.
class HashingReader {
 public:
  explicit HashingReader(int from) : from_(from), ring_(block * blocks) {}
  ~HashingReader() {
    if (thread_.joinable()) finish();
  }
  HashingReader(const HashingReader&) = delete;
  HashingReader& operator=(const HashingReader&) = delete;

  /// The next bytes, valid until the next call; empty: the end, or an error.
  std::string_view next(int& error) {
    if (at_end_) return {};
    std::unique_lock lock(mutex_);
    if (read_ % block == 0) {
      if (read_ > 0) changed_.notify_one();
      changed_.wait(lock, [this] { return read_ < hashed_ + ring_.size(); });
    }
    lock.unlock();
    char* const into = &ring_[read_ % ring_.size()];
    std::size_t got = 0;
    while (got < piece) {  // whole pieces, so that blocks are whole
      const ssize_t n = read_some(from_, into + got, piece - got);
      if (n < 0) error = errno;
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    at_end_ = got < piece;
    lock.lock();
    read_ += got;
    return {into, got};
  }
  /// Of all that was read.
  std::string finish() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
    return digest_.hex();
  }

 private:
  void hash() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return ended_ || read_ >= hashed_ + block; });
      const std::size_t size = std::min(read_ - hashed_, block);
      if (size == 0) return;
      lock.unlock();
      digest_.add({&ring_[hashed_ % ring_.size()], size});
      lock.lock();
      hashed_ += size;
      changed_.notify_one();
    }
  }

  const int from_;
  bool at_end_ = false;
  std::vector<char> ring_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t read_ = 0, hashed_ = 0;  // guarded by mutex_, as is ended_
  bool ended_ = false;
  Digest digest_;
  std::jthread thread_{[this] { hash(); }};
};

bool share(int from, int to) { return ::ioctl(to, FICLONE, from) == 0; }

/// From where they stand to the end. `to` < 0: is only read; `digest` may be null.
void copy_by_hand(int from, int to, Digest* digest, LocalCopy& out, const OnBytes& on_bytes, const std::stop_token& stop) {
  std::vector<char> buffer(piece);
  while (out.write_error == 0 && !stop.stop_requested()) {
    const ssize_t n = read_some(from, buffer.data(), buffer.size());
    if (n < 0) out.read_error = errno;
    if (n <= 0) break;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
    if (digest != nullptr) digest->add(bytes);
    if (to >= 0 && !write_all(to, bytes)) out.write_error = errno;
    on_bytes(n);
  }
  out.stopped = stop.stop_requested();
}

}  // namespace

LocalCopy copy_locally(int from, int to, std::int64_t size, const OnBytes& on_bytes, const std::stop_token& stop) {
  LocalCopy out;
  if (share(from, to)) {
    on_bytes(size);
    return out;
  }
  // Room for all of it at once: less work for the kernel than page by page, and a full disk is known before anything is copied.
  if (size > 0 && ::fallocate(to, FALLOC_FL_KEEP_SIZE, 0, size) != 0 && (errno == ENOSPC || errno == EDQUOT)) {
    out.write_error = errno;
    return out;
  }
  while (!stop.stop_requested()) {
    const ssize_t n = ::copy_file_range(from, nullptr, to, nullptr, at_once, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    on_bytes(n);
  }
  copy_by_hand(from, to, nullptr, out, on_bytes, stop);  // what the kernel did not copy between these two; it may say "no more" of what it cannot
  return out;
}

LocalCopy copy_and_hash(int from, int to, std::int64_t size, const OnBytes& on_bytes, const std::stop_token& stop) {
  LocalCopy out;
  const int rest = share(from, to) ? -1 : to;  // -1: all of it is there, and is only hashed
  if (size < worth_a_thread) {
    Digest digest;
    copy_by_hand(from, rest, &digest, out, on_bytes, stop);
    out.sha256 = digest.hex();
    return out;
  }
  HashingReader reader(from);
  while (!stop.stop_requested() && out.write_error == 0) {
    const std::string_view bytes = reader.next(out.read_error);
    if (bytes.empty()) break;
    if (rest >= 0 && !write_all(rest, bytes)) out.write_error = errno;
    on_bytes(static_cast<std::int64_t>(bytes.size()));
  }
  out.stopped = stop.stop_requested();
  out.sha256 = reader.finish();
  return out;
}

}  // namespace offstage::inline client
