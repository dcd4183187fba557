// SPDX-License-Identifier: Apache-2.0
#include "fetch.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ranges>

#include "digest.h"
#include "local_copy.h"
#include "retry.h"

namespace offstage::inline client {
namespace {

namespace fs = std::filesystem;

Error cannot_write(const std::string& path, const std::string& why) {
  return {.code = Code::unknown,
          .reason = "CANNOT_WRITE",
          .message = "a result file cannot be written: " + why,
          .hint = "choose another folder, or make room; what has been brought is kept",
          .fields = {{"file", path}}};
}
Error cannot_write(const std::string& path) { return cannot_write(path, std::strerror(errno)); }

Error changed(const ResultFile& file) {
  return {.code = Code::data_loss,
          .reason = "FILE_CHANGED",
          .message = "the file is not what the job listed: its hash differs",
          .hint = "somebody has changed it since, or a disk has lost it; `offstage retry` makes it again",
          .fields = {{"name", file.name}, {"sha256", file.sha256}}};
}

/// What a daemon says is not believed where it leads out of the folder.
bool leads_out(const std::string& name) {
  if (name.empty() || name.front() == '/' || name.find('\0') != std::string::npos) return true;
  const fs::path path(name);
  return std::ranges::any_of(path, [](const fs::path& part) { return part == ".." || part == "." || part.empty(); });
}

bool has_content(const std::string& path, const ResultFile& file) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size != file.size) return false;
  int failure = 0;
  return digest_of(fd.get(), failure) == file.sha256 && failure == 0;
}

/// Nothing can have changed it since it was hashed.
bool looks_as_listed(const struct stat& status, const ResultFile& file) {
  constexpr std::int64_t second = 1'000'000'000;
  const FileLook look{.mtime_ns = status.st_mtim.tv_sec * second + status.st_mtim.tv_nsec,
                      .ctime_ns = status.st_ctim.tv_sec * second + status.st_ctim.tv_nsec,
                      .inode = status.st_ino};
  return status.st_size == file.size && file.look == look;
}
bool looks_as_listed(int fd, const ResultFile& file) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && looks_as_listed(status, file);
}

bool has_size(int fd, std::int64_t size) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && status.st_size == size;
}

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

UniqueFd open_beneath(const std::string& folder, const std::string& name) {
  const UniqueFd base(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, base.get(), name.c_str(), &how, sizeof how)));
}

bool write_all(int to, std::string_view data, std::int64_t at) {
  while (!data.empty()) {
    const ssize_t n = ::pwrite(to, data.data(), data.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    data.remove_prefix(static_cast<std::size_t>(n));
    at += n;
  }
  return true;
}

}  // namespace

Result<std::vector<FetchedFile>> Fetcher::run(const std::string& name) {
  auto files = select(name);
  if (!files) return files.error();
  if (Status free = compare(*files); !free) return free.error();
  progress_.total_files = fetched_.size();
  for (const FetchedFile& one : fetched_) progress_.total_bytes += one.file.size;
  for (FetchedFile& one : fetched_) {
    progress_.file = one.file.name;
    progressed(0);
    if (one.unchanged) {
      progressed(one.file.size);
    } else if (Status brought = bring(one); !brought) {
      return brought.error();
    }
    ++progress_.files;
  }
  progressed(0);
  return std::move(fetched_);
}

Result<std::vector<ResultFile>> Fetcher::select(const std::string& name) {
  std::vector<ResultFile> out;
  FilesRequest request{.name = name, .page_size = 1000};
  do {
    auto page = client_.files(request);
    if (!page) return page.error();
    if (!page->attempt.empty()) request.name = attempt_ = page->attempt;  // the pages of one attempt, whatever comes meanwhile
    out_dir_ = page->out_dir;
    std::ranges::copy_if(page->files, std::back_inserter(out), [&](const ResultFile& file) { return matches(file.name, options_.patterns); });
    request.page_token = page->next_page_token;
  } while (!request.page_token.empty());
  for (const ResultFile& file : out) {
    if (leads_out(file.name))
      return Error{.code = Code::data_loss,
                   .reason = "BAD_FILE_NAME",
                   .message = "the daemon lists a file whose name leads out of the folder",
                   .fields = {{"name", file.name}}};
  }
  if (out.empty() && !options_.patterns.empty())
    return Error{.code = Code::not_found,
                 .reason = "NO_SUCH_FILES",
                 .message = "the job has left no file of that name",
                 .hint = "`offstage files` lists what it has left",
                 .fields = {{"job", name}}};
  return out;
}

Status Fetcher::compare(const std::vector<ResultFile>& files) {
  std::vector<std::string> differ;
  for (const ResultFile& file : files) {
    const std::string path = (fs::path(options_.folder) / file.name).string();
    const bool there = is_there(path), same = there && has_content(path, file);
    if (there && !same && !options_.force) differ.push_back(path);
    fetched_.push_back({.file = file, .path = path, .unchanged = same});
  }
  if (differ.empty()) return Done{};
  Error error{.code = Code::already_exists,
              .reason = "FILES_DIFFER",
              .message = differ.size() == 1 ? "a file is there already, with other content"
                                            : std::to_string(differ.size()) + " files are there already, with other content",
              .hint = "--force replaces what differs; or fetch into another folder"};
  constexpr std::size_t most_named = 10;
  for (const std::string& path : differ | std::views::take(most_named)) error.fields.emplace_back("file", path);
  return error;
}

Status Fetcher::bring(FetchedFile& one) {
  std::error_code error;
  fs::create_directories(fs::path(one.path).parent_path(), error);
  if (error) return cannot_write(one.path, error.message());
  const std::string part = one.path + ".part";
  const UniqueFd to(::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666));
  struct stat status {};
  if (!to || ::fstat(to.get(), &status) != 0) return cannot_write(part);
  if (!S_ISREG(status.st_mode)) return cannot_write(part, "something that is no file stands in its place");
  if (::flock(to.get(), LOCK_EX | LOCK_NB) != 0) return cannot_write(part, "somebody else is fetching it at this moment");
  auto done = bring_from_here(one, part, to.get());
  if (!done) done = bring_from_afar(one, to.get());
  if (!*done && done->error().code == Code::data_loss) ::unlink(part.c_str());  // no good beginning of anything
  if (!*done) return *done;
  if (::rename(part.c_str(), one.path.c_str()) != 0) return cannot_write(one.path);
  return Done{};
}

std::optional<Status> Fetcher::bring_from_here(const FetchedFile& one, const std::string& part, int to) {
  if (!local_) return std::nullopt;
  const UniqueFd from = open_beneath(out_dir_, one.file.name);
  struct stat status {};
  if (!from || ::fstat(from.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size != one.file.size) return std::nullopt;
  // Not where it is empty: ext4 writes a file that was truncated to the disk as soon as it is closed.
  if (!has_size(to, 0) && ::ftruncate(to, 0) != 0) return cannot_write(part);
  const bool known = !options_.verify && looks_as_listed(status, one.file);
  std::int64_t copied = 0;
  const auto on_bytes = [&](std::int64_t bytes) {
    copied += bytes;
    progressed(bytes);
  };
  const LocalCopy copy = (known ? copy_locally : copy_and_hash)(from.get(), to, one.file.size, on_bytes, stop_);
  const bool as_listed = known ? has_size(to, one.file.size) && looks_as_listed(from.get(), one.file) : copy.sha256 == one.file.sha256;
  if (!copy.stopped && copy.write_error == 0 && copy.read_error == 0 && as_listed) return Done{};
  if (copy.write_error != 0) {
    ::unlink(part.c_str());
    return cannot_write(one.path, std::strerror(copy.write_error));
  }
  if (::ftruncate(to, 0) != 0) return cannot_write(part);
  if (copy.stopped) return stopped();
  progressed(-copied);
  return std::nullopt;  // another machine's file of that name (a socket may be forwarded), or one that was changed: the daemon itself knows
}

Status Fetcher::bring_from_afar(const FetchedFile& one, int to) {
  struct stat status {};
  if (::fstat(to, &status) != 0) return cannot_write(one.path);
  std::int64_t from = status.st_size <= one.file.size ? status.st_size : 0;
  for (;; from = 0) {
    if (::ftruncate(to, from) != 0) return cannot_write(one.path);
    progressed(from);
    std::string sha256;
    if (Status streamed = stream_rest(one, to, from, sha256); !streamed) return streamed;
    if (sha256 == one.file.sha256) return Done{};
    if (::ftruncate(to, 0) != 0 || from == 0) return changed(one.file);
    progressed(-one.file.size);  // the rest of an earlier try was of another content: all of it again
  }
}

Status Fetcher::stream_rest(const FetchedFile& one, int to, std::int64_t from, std::string& sha256) {
  Digest digest;
  if (from > 0) {
    std::string piece(std::size_t{1} << 20U, '\0');
    for (std::int64_t at = 0; at < from;) {
      const ssize_t n = ::pread(to, piece.data(), std::min<std::size_t>(piece.size(), static_cast<std::size_t>(from - at)), at);
      if (n <= 0) return cannot_write(one.path);
      digest.add(std::string_view(piece).substr(0, static_cast<std::size_t>(n)));
      at += n;
    }
  }
  std::int64_t at = from;
  int failure = 0;
  const Status read = at == one.file.size && at > 0 ? Status(Done{})
                                                    : client_.read_file(
                                                          {.name = attempt_, .file = one.file.name, .offset = at},
                                                          [&](const FileChunk& chunk) {
                                                            if (!write_all(to, chunk.data, at)) {
                                                              failure = errno;
                                                              return false;
                                                            }
                                                            digest.add(chunk.data);
                                                            at += static_cast<std::int64_t>(chunk.data.size());
                                                            progressed(static_cast<std::int64_t>(chunk.data.size()));
                                                            return true;
                                                          },
                                                          stop_);
  if (failure != 0) return cannot_write(one.path, std::strerror(failure));
  if (!read) return read.error();
  sha256 = digest.hex();
  return Done{};
}

void Fetcher::progressed(std::int64_t bytes) {
  progress_.bytes += bytes;
  if (options_.on_progress) options_.on_progress(progress_);
}

}  // namespace offstage::inline client
