// SPDX-License-Identifier: Apache-2.0
#include "store/blobs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "store/files.h"
#include "store/upload.h"

namespace offstage::store {

namespace fs = std::filesystem;

namespace {

Wall changed_at(const struct stat& s) {
  return Wall(std::chrono::seconds(s.st_mtim.tv_sec) + std::chrono::duration_cast<Micros>(std::chrono::nanoseconds(s.st_mtim.tv_nsec)));
}

std::optional<struct stat> regular(const fs::path& file) {
  struct stat s {};
  if (::lstat(file.c_str(), &s) != 0 || !S_ISREG(s.st_mode)) return std::nullopt;
  return s;
}

}  // namespace

Error blob_not_found(const Sha256& name) {
  return {.code = Code::failed_precondition,
          .reason = "BLOB_NOT_FOUND",
          .message = "there is no blob " + name.hex(),
          .hint = "write it first; what no job needs is kept for an hour after it was written or asked for",
          .fields = {{"blob", name.hex()}}};
}

fs::path blob_path(const fs::path& state, const Sha256& name) {
  const std::string hex = name.hex();
  return state / "blobs" / hex.substr(0, 2) / hex.substr(2);
}

Blobs::Blobs(const fs::path& state, Room& room) : folder_(state / "blobs"), room_(room) {}

Status Blobs::open() const {
  for (const fs::path& folder : {folder_, folder_ / "partial", folder_ / "corrupt"}) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return file_error(folder, std::strerror(errno));
  }
  return sync_folder(folder_);
}

fs::path Blobs::path(const Sha256& name) const { return blob_path(folder_.parent_path(), name); }

bool Blobs::touch(const Sha256& name) {
  const std::lock_guard lock(names_);
  return ::utimensat(AT_FDCWD, path(name).c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<Blobs::Readable> Blobs::read(const Sha256& name) const {
  UniqueFd fd(::open(path(name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat s {};
  if (!fd && errno == ENOENT) return blob_not_found(name);
  if (!fd || ::fstat(fd.get(), &s) != 0) {
    return Error{.code = Code::internal,
                 .reason = "BLOB_UNREADABLE",
                 .message = "blob " + name.hex() + " cannot be read: " + std::strerror(errno),
                 .hint = "look at the disk of the daemon's state folder",
                 .fields = {{"blob", name.hex()}, {"file", path(name)}}};
  }
  return Readable{std::move(fd), s.st_size};
}

Status Blobs::link(const Sha256& name, const fs::path& to) {
  const std::lock_guard lock(names_);
  const fs::path from = path(name);
  if (::link(from.c_str(), to.c_str()) != 0)
    return errno == ENOENT ? blob_not_found(name) : file_error(to, std::string("linking a blob: ") + std::strerror(errno));
  ::utimensat(AT_FDCWD, from.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);  // if this submit fails, the next one of the same finds it
  return Done{};
}

Error Blobs::set_aside(const Sha256& name) {
  const fs::path aside = folder_ / "corrupt" / name.hex();
  const std::lock_guard lock(names_);
  const auto s = regular(path(name));
  if (::rename(path(name).c_str(), aside.c_str()) == 0 && s) room_.add(-s->st_size);
  return {.code = Code::data_loss,
          .reason = "BLOB_CORRUPT",
          .message = "blob " + name.hex() + " is damaged on the daemon's disk, and was set aside",
          .hint = "write it anew; what was read of it is wrong. Look at the disk: the damaged one is kept for a week",
          .fields = {{"blob", name.hex()}, {"file", aside}}};
}

Result<std::shared_ptr<Upload>> Blobs::upload(const Sha256& name, std::int64_t size) {
  std::shared_ptr<Upload> upload;
  {
    const std::lock_guard lock(uploads_mutex_);
    std::weak_ptr<Upload>& known = uploads_[name];
    upload = known.lock();
    if (!upload || upload->failed()) known = upload = std::make_shared<Upload>(*this, name, size);
    std::erase_if(uploads_, [](const auto& entry) { return entry.second.expired(); });
  }
  if (upload->size() != size) {
    return Error{.code = Code::aborted,
                 .reason = "BLOB_BUSY",
                 .message = "blob " + name.hex() + " is being written as one of " + std::to_string(upload->size()) + " bytes, not " + std::to_string(size),
                 .hint = "one of the two is wrong",
                 .fields = {{"blob", name.hex()}}};
  }
  if (Status begun = upload->begin(); !begun) return begun.error();
  return upload;
}

Blobs::Written Blobs::written(const Sha256& name) const {
  if (const auto whole = regular(path(name))) return {whole->st_size, true};
  const auto some = regular(partial(name));
  return {some ? some->st_size : 0, false};
}

std::optional<std::int64_t> Blobs::collect(const Sha256& name, Wall before, bool remove) {
  const std::lock_guard lock(names_);
  const fs::path file = path(name);
  const auto s = regular(file);
  if (!s || s->st_nlink != 1 || changed_at(*s) >= before) return std::nullopt;
  if (remove && ::unlink(file.c_str()) == 0) room_.add(-s->st_size);
  return s->st_size;
}

std::optional<std::int64_t> Blobs::collect_partial(const Sha256& name, Wall before, bool remove) {
  const std::lock_guard lock(uploads_mutex_);
  const auto live = uploads_.find(name);
  const auto s = regular(partial(name));
  if (!s || (live != uploads_.end() && !live->second.expired()) || changed_at(*s) >= before) return std::nullopt;
  if (remove && ::unlink(partial(name).c_str()) == 0) room_.add(-s->st_size);
  return s->st_size;
}

}  // namespace offstage::store
