// SPDX-License-Identifier: Apache-2.0
#include "store/errors.h"

namespace offstage::store {

namespace {

Error damaged(const std::filesystem::path& database, const std::string& what) {
  return {.code = Code::data_loss,
          .reason = "DATABASE_DAMAGED",
          .message = "state database " + database.string() + " is damaged: " + what,
          .hint =
              "nothing was changed. `offstaged --restore FILE` goes back to a backup; `offstaged --set-aside-damaged` keeps it under another name and "
              "begins with an empty one; docs/guides/backup.md tells how to recover rows",
          .fields = {{"file", database}, {"sqlite", what}}};
}

}  // namespace

// The WAL's index is a file, too; SQLite allocates it page by page so that no access to it can fail later.
bool is_disk_full(const std::exception& e) {
  const auto* sqlite = dynamic_cast<const SqliteError*>(&e);
  return sqlite != nullptr && (sqlite->primary() == SQLITE_FULL || sqlite->code == SQLITE_IOERR_SHMSIZE);
}

Error commit_error(const std::exception& e) {
  const auto* sqlite = dynamic_cast<const SqliteError*>(&e);
  const int code = sqlite ? sqlite->primary() : SQLITE_ERROR;
  Error error{.code = Code::internal,
              .reason = "COMMIT_FAILED",
              .message = std::string("state could not be written: ") + e.what(),
              .hint = "nothing that was acknowledged is lost; see the log, then start the daemon again",
              .fields = {{"sqlite_code", std::to_string(sqlite ? sqlite->code : 0)}}};
  if (is_disk_full(e)) {
    error.reason = "DISK_FULL";
    error.code = Code::resource_exhausted;
    error.hint = "free space on the disk of the state folder, then start the daemon again; nothing that was acknowledged is lost";
  } else if (code == SQLITE_IOERR || code == SQLITE_CORRUPT) {
    error.reason = "DISK_FAILED";
    error.code = Code::data_loss;
    error.hint = "look at the kernel's log for errors of the disk, then start the daemon again; nothing that was acknowledged is lost";
  }
  return error;
}

Error open_error(const SqliteError& e, const std::filesystem::path& database) {
  switch (e.primary()) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(database, e.what());
    case SQLITE_FULL:
      return {.code = Code::resource_exhausted,
              .reason = "DISK_FULL",
              .message = "state database " + database.string() + " cannot be opened: " + e.what(),
              .hint = "free space on its disk",
              .fields = {{"file", database}}};
    default:
      return {.code = Code::failed_precondition,
              .reason = "DATABASE_UNUSABLE",
              .message = "state database " + database.string() + " cannot be opened: " + e.what(),
              .hint = "check that the file and its folder may be written by this user and that the disk is not mounted read-only",
              .fields = {{"file", database}, {"sqlite_code", std::to_string(e.code)}}};
  }
}

}  // namespace offstage::store
