// SPDX-License-Identifier: Apache-2.0
#include "store/upload.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/faults.h"
#include "store/files.h"

namespace offstage::store {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t read_piece = 1 << 20;

Error upload_error(const Sha256& name, Code code, std::string reason, const std::string& what, std::string hint) {
  return {.code = code, .reason = std::move(reason), .message = "blob " + name.hex() + " " + what, .hint = std::move(hint), .fields = {{"blob", name.hex()}}};
}

}  // namespace

Status Upload::begin() {
  const std::lock_guard lock(mutex_);
  if (begun_) return state_;
  begun_ = true;
  if (blobs_.touch(name_)) {
    whole_ = true;
    return Done{};
  }
  Status opened = open();
  return settle(opened && written_ == size_ ? commit() : std::move(opened));
}

Status Upload::settle(Status state) {
  state_ = std::move(state);
  if (!state_) failed_ = true;
  return state_;
}

Status Upload::open() {
  const fs::path file = blobs_.partial(name_);
  file_ = UniqueFd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat s {};
  if (!file_ || ::fstat(file_.get(), &s) != 0) return file_error(file, std::strerror(errno));
  if (s.st_size > size_) {  // of another size: it cannot be the same blob
    if (::ftruncate(file_.get(), 0) != 0) return file_error(file, std::strerror(errno));
    blobs_.room_.add(-s.st_size);
    s.st_size = 0;
  }
  auto room = blobs_.room_.claim(size_ - s.st_size);
  if (!room) {
    if (s.st_size == 0) ::unlink(file.c_str());
    return room.error();
  }
  room_ = std::move(*room);
  return read_partial();
}

Status Upload::read_partial() {
  std::vector<char> buffer(read_piece);
  for (ssize_t n = 1; n != 0 && written_ < size_;) {
    n = ::pread(file_.get(), buffer.data(), buffer.size(), written_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return remove(file_error(blobs_.partial(name_), std::strerror(errno)));
    hasher_.add({buffer.data(), static_cast<std::size_t>(n)});
    written_ += n;
  }
  return Done{};
}

Result<std::int64_t> Upload::append(std::int64_t offset, std::string_view data) {
  const std::lock_guard lock(mutex_);
  if (whole_) return size_;
  if (!state_) return state_.error();
  if (offset < 0 || offset > written_) {
    Error gap = upload_error(name_, Code::out_of_range, "BLOB_OFFSET",
                             "has " + std::to_string(written_) + " bytes, and offset " + std::to_string(offset) + " leaves a gap", "go on at committed_size");
    gap.fields.emplace_back("committed_size", std::to_string(written_));
    return gap;
  }
  if (static_cast<std::int64_t>(data.size()) > size_ - offset) {
    return upload_error(name_, Code::invalid_argument, "BLOB_TOO_LONG", "was said to have " + std::to_string(size_) + " bytes, and there are more",
                        "give its real size");
  }
  const auto there = static_cast<std::size_t>(written_ - offset);
  if (there >= data.size()) return written_;
  if (Status done = write(data.substr(there)); !done) return done.error();
  if (written_ < size_) return written_;
  if (Status done = settle(commit()); !done) return done.error();
  return size_;
}

Status Upload::write(std::string_view data) {
  for (std::size_t done = 0; done < data.size();) {
    const ssize_t n = ::pwrite(file_.get(), data.data() + done, data.size() - done, written_ + static_cast<std::int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
      continue;
    }
    Error error = file_error(blobs_.partial(name_), std::string("writing it: ") + std::strerror(errno));
    if (::ftruncate(file_.get(), written_) != 0) return settle(remove(std::move(error)));  // what is there stays, and is resumed
    return error;
  }
  hasher_.add(data);
  written_ += static_cast<std::int64_t>(data.size());
  room_.used(static_cast<std::int64_t>(data.size()));
  crash_point("blob.after_chunk");
  return Done{};
}

Status Upload::commit() {
  const fs::path from = blobs_.partial(name_), to = blobs_.path(name_);
  if (hasher_.digest() != name_) {
    return remove(
        upload_error(name_, Code::invalid_argument, "BLOB_HASH_MISMATCH", "is another one: its bytes have another hash", "write it anew, from its begin"));
  }
  // After a failed fsync nobody knows what is on the disk, and a second one would not tell.
  if (::fchmod(file_.get(), 0400) != 0 || ::fsync(file_.get()) != 0) return remove(file_error(from, std::string("syncing it: ") + std::strerror(errno)));
  crash_point("blob.before_rename");
  if (::mkdir(to.parent_path().c_str(), 0700) == 0) {
    if (Status synced = sync_folder(blobs_.folder()); !synced) return synced;
  }
  if (::rename(from.c_str(), to.c_str()) != 0) return remove(file_error(to, std::strerror(errno)));
  crash_point("blob.after_rename");
  if (Status synced = sync_folder(to.parent_path()); !synced) return synced;
  whole_ = true;
  file_.reset();
  return Done{};
}

/// What was written is of no use.
Status Upload::remove(Error error) {
  if (::unlink(blobs_.partial(name_).c_str()) == 0) blobs_.room_.add(-written_);
  file_.reset();
  return error;
}

}  // namespace offstage::store
