// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "base/faults.h"
#include "base/unique_fd.h"
#include "store/check.h"
#include "store/errors.h"
#include "store/schema.h"

namespace offstage::store {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t kCheckedAtOnce = 32 << 20;  // bytes; about a tenth of a second
constexpr std::size_t kPiece = 64 << 10;             // SQLite's VFS takes less than 128 KiB at once

bool has_content(const fs::path& file) {
  std::error_code none;
  const std::uintmax_t size = fs::file_size(file, none);
  return !none && size > 0;
}

// SQLite would begin a new database and delete what is left of the old one.
Status refuse_remains(const fs::path& state) {
  const fs::path database = database_in(state);
  if (has_content(database)) return Done{};
  for (const fs::path& rest : {wal_of(database), restoring_in(state)}) {
    if (!has_content(rest)) continue;
    return Error{.code = Code::data_loss,
                 .reason = "DATABASE_MISSING",
                 .message = "state database " + database.string() + " is missing, and " + rest.filename().string() + " beside it tells that there was one",
                 .hint = "put it back; or `offstaged --restore FILE` takes a backup; or `offstaged --set-aside-damaged` to begin with an empty one",
                 .fields = {{"file", database}, {"rest", rest}}};
  }
  return Done{};
}

/// Writes what was read over itself: after a failed fsync the kernel takes pages for written that are not.
void write_again(sqlite3_file* file, sqlite3_int64 size) {
  std::vector<char> piece(kPiece);
  for (sqlite3_int64 at = 0; at < size;) {
    const int length = static_cast<int>(std::min<sqlite3_int64>(size - at, static_cast<sqlite3_int64>(piece.size())));
    int code = file->pMethods->xRead(file, piece.data(), length, at);
    if (code == SQLITE_OK) code = file->pMethods->xWrite(file, piece.data(), length, at);
    if (code != SQLITE_OK) throw SqliteError(code, "the WAL cannot be written again");
    at += length;
  }
}

/// A writer that was killed before its fsync has left commits that readers see and a power cut takes. They are made durable before anybody is told of them.
void secure_wal(Connection& connection, bool suspect) {
  connection.integer("SELECT count(*) FROM sqlite_schema");  // opens the WAL
  sqlite3_file* wal = nullptr;
  sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&wal));
  sqlite3_int64 size = 0;
  if (wal == nullptr || wal->pMethods == nullptr || wal->pMethods->xFileSize(wal, &size) != SQLITE_OK || size == 0) return;
  if (suspect) write_again(wal, size);
  const int code = seeded_bug("skip_fsync") ? SQLITE_OK : wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK) throw SqliteError(code, "the WAL cannot be synced");
}

}  // namespace

fs::path database_in(const fs::path& state) { return state / "state.sqlite3"; }
fs::path wal_of(const fs::path& database) { return database.string() + "-wal"; }
fs::path suspect_in(const fs::path& state) { return state / "suspect"; }
fs::path restoring_in(const fs::path& state) { return database_in(state).string() + ".restoring"; }

Result<Database> open_database(const fs::path& state) {
  if (Status whole = refuse_remains(state); !whole) return whole.error();
  const fs::path database = database_in(state), suspect = suspect_in(state);
  // NOLINTNEXTLINE(bugprone-unused-raii): closed at once, since a close later on would end SQLite's locks
  UniqueFd(::open(database.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));  // for the mode; what is wrong with it, SQLite will say
  try {
    Database out{std::make_unique<Connection>(database, Connection::Mode::read_write)};
    Connection& connection = *out.connection;
    sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);  // until it is known to be good
    const bool is_suspect = fs::exists(suspect), unclean = is_suspect || has_content(wal_of(database));
    connection.execute(
        "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768; PRAGMA journal_size_limit = "
        "67108864");
    connection.execute(seeded_bug("skip_fsync") ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL");
    out.unchecked = unclean && !is_suspect && fs::file_size(database) > kCheckedAtOnce;
    if (unclean && !out.unchecked) require_intact(connection);
    if (unclean && !seeded_bug("trust_wal")) secure_wal(connection, is_suspect);
    if (Status migrated = migrate(connection, database); !migrated) return migrated.error();
    fs::remove(suspect);
    sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    return out;
  } catch (const SqliteError& e) {
    return open_error(e, database);
  }
}

}  // namespace offstage::store
