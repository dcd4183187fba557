// SPDX-License-Identifier: Apache-2.0
#include "store/backup.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/faults.h"
#include "base/unique_fd.h"
#include "store/check.h"
#include "store/database.h"
#include "store/errors.h"
#include "store/files.h"
#include "store/schema.h"
#include "store/state_folder.h"

namespace offstage::store {

namespace fs = std::filesystem;

namespace {

/// Removed, unless it has got its name.
class Partial {
 public:
  explicit Partial(fs::path path) : path_(std::move(path)) {}
  ~Partial() {
    std::error_code none;
    fs::remove(path_, none);
    fs::remove(path_.string() + "-journal", none);
  }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;
  const fs::path& path() const { return path_; }

 private:
  const fs::path path_;
};

/// All pages in one step, that is, of one moment: a writer goes on beside it, and its WAL waits for the end.
void copy_pages(Connection& from, Connection& to) {
  sqlite3_backup* copy = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (copy != nullptr) sqlite3_backup_step(copy, -1);
  const int code = copy != nullptr ? sqlite3_backup_finish(copy) : sqlite3_extended_errcode(to.handle());
  if (code != SQLITE_OK) throw SqliteError(code, sqlite3_errmsg(to.handle()));
}

/// A database of ours, whole and on the disk; where it lies it is not in use yet.
Status copy_database(const fs::path& from, const fs::path& to) {
  const UniqueFd made(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made) return file_error(to, std::strerror(errno));
  try {
    Connection source(from, Connection::Mode::read_only);
    if (Status ours = require_ours(source, from); !ours) return ours;
    Connection target(to, Connection::Mode::read_write);
    target.execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY");
    copy_pages(source, target);
    target.execute("PRAGMA journal_mode = DELETE");  // one file: a copy says of itself that it has a WAL
    require_intact(target);
  } catch (const SqliteError& e) {
    return open_error(e, e.primary() == SQLITE_CORRUPT || e.primary() == SQLITE_NOTADB ? from : to);
  }
  return sync_file(to);
}

Error exists_already(const fs::path& file) {
  return {.code = Code::already_exists,
          .reason = "FILE_EXISTS",
          .message = "file " + file.string() + " exists already",
          .hint = "a backup never replaces a file: name another one",
          .fields = {{"file", file}}};
}

}  // namespace

Status back_up(const fs::path& state, const fs::path& file) {
  const fs::path database = database_in(state);
  std::error_code none;
  if (fs::file_size(database, none) == 0 || none) {
    return Error{.code = Code::not_found,
                 .reason = "NO_DATABASE",
                 .message = "there is no state database " + database.string(),
                 .hint = "a daemon makes one at its first start; --state-dir names another state folder",
                 .fields = {{"file", database}}};
  }
  if (fs::exists(fs::symlink_status(file, none))) return exists_already(file);
  const Partial partial(file.string() + ".partial-" + std::to_string(::getpid()));
  if (Status copied = copy_database(database, partial.path()); !copied) return copied;
  crash_point("store.before_backup_rename");
  if (::renameat2(AT_FDCWD, partial.path().c_str(), AT_FDCWD, file.c_str(), RENAME_NOREPLACE) != 0) {
    return errno == EEXIST ? exists_already(file) : file_error(file, std::strerror(errno));
  }
  return sync_folder(file.parent_path());
}

Result<Moved> restore(const fs::path& folder, const fs::path& file) {
  auto held = take_state_folder(folder);
  if (!held) return held.error();
  const fs::path& state = held->path;
  const fs::path restoring = restoring_in(state);
  std::error_code none;
  fs::remove(restoring, none);  // of a restore that was cut short
  if (Status copied = copy_database(file, restoring); !copied) return fs::remove(restoring, none), copied.error();
  if (Status synced = sync_folder(state); !synced) return synced.error();
  crash_point("store.before_restore_set_aside");
  auto moved = set_database_aside(state, "replaced");
  if (!moved) return moved;
  crash_point("store.before_restore_rename");
  if (::rename(restoring.c_str(), database_in(state).c_str()) != 0) return file_error(restoring, std::strerror(errno));
  if (Status synced = sync_folder(state); !synced) return synced.error();
  return moved;
}

}  // namespace offstage::store
