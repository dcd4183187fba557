// SPDX-License-Identifier: Apache-2.0
#include "store/inputs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/copy_file.h"
#include "base/faults.h"
#include "store/files.h"

namespace offstage::store {

namespace fs = std::filesystem;

namespace {

Error input_error(const fs::path& file, std::string reason, const std::string& what, std::string hint) {
  return {.code = Code::failed_precondition,
          .reason = std::move(reason),
          .message = "input " + file.string() + " " + what,
          .hint = std::move(hint),
          .fields = {{"file", file}}};
}

Error cannot_read(const fs::path& file, int error) {
  if (error == ENOENT || error == ENOTDIR)
    return input_error(file, "INPUT_NOT_FOUND", "does not exist on the daemon's machine",
                       "check the path; a file of another machine is written as a blob first");
  return input_error(file, "INPUT_UNREADABLE", error == EACCES || error == EPERM ? "may not be read by the daemon's user" : std::strerror(error),
                     "let the daemon's user read it");
}

struct Source {
  UniqueFd fd;
  struct stat stat {};
};

Result<Source> open_source(const fs::path& file) {
  Source out{UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY))};
  if (!out.fd || ::fstat(out.fd.get(), &out.stat) != 0) return cannot_read(file, errno);
  if (S_ISDIR(out.stat.st_mode)) return input_error(file, "INPUT_UNREADABLE", "is a folder", "name the files in it, one input each");
  if (!S_ISREG(out.stat.st_mode)) return input_error(file, "INPUT_UNREADABLE", "is not a regular file", "write what it gives into a file first");
  return out;
}

bool same(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

Status take_over(int file, const fs::path& to) {
  if (::fchmod(file, 0400) != 0) return file_error(to, std::string("making it read-only: ") + std::strerror(errno));
  return Done{};
}

Status take_copy(int from, const fs::path& file, const fs::path& to) {
  const UniqueFd copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400));
  if (!copy) return file_error(to, std::strerror(errno));
  if (const auto error = copy_contents(from, copy.get())) {
    errno = error.value();
    return file_error(to, "copying " + file.string() + " to it: " + error.message());
  }
  return Done{};
}

Error at_field(Error error, const std::string& field) {
  error.field = field;
  return error;
}

/// Bytes of files that have no other name.
std::int64_t own_bytes(const fs::path& folder) {
  std::int64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    struct stat s {};
    if (::lstat(it->path().c_str(), &s) == 0 && S_ISREG(s.st_mode) && s.st_nlink == 1) bytes += s.st_size;
  }
  return bytes;
}

}  // namespace

Inputs::Inputs(const fs::path& state, Blobs& blobs, Room& room) : folder_(state / "inputs"), staging_(staging_folder(state)), blobs_(blobs), room_(room) {}

Status Inputs::open() const {
  for (const fs::path& folder : {folder_, staging_}) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return file_error(folder, std::strerror(errno));
  }
  return sync_folder(folder_.parent_path());
}

// ---- a claim ----------------------------------------------------------------------------------------------------------------------------

Result<Inputs::Claim> Inputs::claim(JobId job) {
  const std::lock_guard lock(mutex_);
  if (claimed_.insert(job).second) return Claim(this, job);
  return Error{.code = Code::unavailable,
               .reason = "SUBMIT_UNDER_WAY",
               .message = "the same request is being handled by another call",
               .hint = "try again in a second: it gets the same job",
               .fields = {{"job", job.hex()}}};
}

Inputs::Claim::Claim(Claim&& other) noexcept
    : inputs_(std::exchange(other.inputs_, nullptr)), job_(other.job_), decided_(other.decided_), staged_(std::move(other.staged_)) {}

Inputs::Claim::~Claim() {
  if (inputs_ == nullptr) return;
  if (!decided_) inputs_->remove(inputs_->folder_ / job_.hex());
  const std::lock_guard lock(inputs_->mutex_);
  inputs_->claimed_.erase(job_);
}

void Inputs::Claim::accepted() {
  for (const fs::path& file : staged_) {
    struct stat s {};
    if (::lstat(file.c_str(), &s) == 0 && ::unlink(file.c_str()) == 0) inputs_->room_.add(s.st_size);
  }
}

Status Inputs::Claim::take(std::span<const InputSource> sources) {
  Inputs& all = *inputs_;
  const fs::path folder = all.folder_ / job_.hex();
  all.remove(folder);  // of a submit of the same request that a crash has cut short
  if (::mkdir(folder.c_str(), 0700) != 0) return file_error(folder, std::strerror(errno));
  std::set<fs::path> folders{folder, all.folder_};
  std::vector<fs::path> unsynced;
  for (const InputSource& source : sources) {
    for (fs::path parent = fs::path(source.name).parent_path(); !parent.empty(); parent = parent.parent_path()) folders.insert(folder / parent);
    std::error_code error;
    fs::create_directories((folder / source.name).parent_path(), error);
    if (error) return at_field(file_error(folder / source.name, error.message()), source.field);
    if (Status taken = all.take_one(source, folder, staged_); !taken) return at_field(taken.error(), source.field);
    if (std::holds_alternative<fs::path>(source.source)) unsynced.push_back(folder / source.name);  // blobs have been
    crash_point("inputs.after_one");
  }
  unsynced.insert(unsynced.end(), folders.begin(), folders.end());
  if (Status synced = sync_all(unsynced); !synced) return synced;
  crash_point("inputs.taken");
  return Done{};
}

// ---- taking -----------------------------------------------------------------------------------------------------------------------------

Status Inputs::take_one(const InputSource& source, const fs::path& folder, std::vector<fs::path>& staged) {
  const fs::path to = folder / source.name;
  if (const auto* blob = std::get_if<Sha256>(&source.source)) return blobs_.link(*blob, to);
  return take_file(std::get<fs::path>(source.source), to, staged);
}

bool Inputs::is_staged(const fs::path& file) const {
  std::error_code error;
  const fs::path real = fs::canonical(file.parent_path(), error);
  const auto [end, rest] = std::mismatch(staging_.begin(), staging_.end(), real.begin(), real.end());
  return !error && end == staging_.end();
}

Status Inputs::take_file(const fs::path& file, const fs::path& to, std::vector<fs::path>& staged) {
  const auto source = open_source(file);
  if (!source) return source.error();
  struct stat named {};
  const bool hand_over = is_staged(file) && ::lstat(file.c_str(), &named) == 0 && S_ISREG(named.st_mode) && named.st_ino == source->stat.st_ino &&
                         named.st_nlink == 1 && ::link(file.c_str(), to.c_str()) == 0;
  auto room = room_.claim(source->stat.st_size, hand_over);
  if (!room) return room.error();
  const Status taken = hand_over ? take_over(source->fd.get(), to) : take_copy(source->fd.get(), file, to);
  struct stat now {};
  const bool changed = taken && (::fstat(source->fd.get(), &now) != 0 || !same(now, source->stat));
  if (!taken || changed) {
    ::unlink(to.c_str());
    return taken ? Status(input_error(file, "INPUT_CHANGED", "was changed while it was read", "submit it again when it is complete")) : taken;
  }
  if (hand_over) {
    staged.push_back(file);
  } else {
    room->used(now.st_size);
  }
  return Done{};
}

Status Inputs::check(std::span<const InputSource> sources) const {
  for (const InputSource& source : sources) {
    if (const auto* blob = std::get_if<Sha256>(&source.source)) {
      if (!blobs_.touch(*blob)) return at_field(blob_not_found(*blob), source.field);
    } else if (const auto opened = open_source(std::get<fs::path>(source.source)); !opened) {
      return at_field(opened.error(), source.field);
    }
  }
  return Done{};
}

// ---- removing ---------------------------------------------------------------------------------------------------------------------------

void Inputs::remove(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(folder, error))) return;
  const std::int64_t bytes = own_bytes(folder);
  fs::remove_all(folder, error);
  if (!error) room_.add(-bytes);
}

void Inputs::collect(const std::function<bool(JobId)>& known, bool remove_them, const std::function<void(const fs::path&, std::int64_t)>& found) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) folders.push_back(it->path());
  for (const fs::path& folder : folders) {
    const auto job = JobId::parse(folder.filename().string());
    if (!job || known(*job)) continue;  // without the lock: nearly all are
    auto claimed = claim(*job);         // so that no submit begins to fill what is being removed
    if (!claimed) continue;
    claimed->decided();
    if (known(*job)) continue;
    found(folder, own_bytes(folder));
    if (remove_them) remove(folder);
  }
}

}  // namespace offstage::store
