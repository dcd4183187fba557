// SPDX-License-Identifier: Apache-2.0
#include "store/connection.h"

namespace offstage::store {

namespace {
constexpr std::size_t kMostStatements = 128;
constexpr int kBusyMillis = 10'000;  // a reader waits only while the WAL is recovered at start
}  // namespace

Connection::Connection(const std::filesystem::path& database, Mode mode) {
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  const int code = sqlite3_open_v2(database.c_str(), &db_, flags, nullptr);
  if (code != SQLITE_OK) {
    const SqliteError error(code, db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code));
    sqlite3_close(db_);
    throw error;
  }
  if (mode == Mode::read_write && sqlite3_db_readonly(db_, "main") == 1) {  // SQLite opens a file that may not be written all the same, for reading
    sqlite3_close(db_);
    throw SqliteError(SQLITE_READONLY, sqlite3_errstr(SQLITE_READONLY));
  }
  sqlite3_busy_timeout(db_, kBusyMillis);
}

Connection::~Connection() {
  statements_.clear();
  sqlite3_close(db_);
}

void Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw SqliteError(sqlite3_extended_errcode(db_), sqlite3_errmsg(db_));
}

Statement& Connection::prepare(const std::string& sql) {
  if (const auto it = statements_.find(sql); it != statements_.end()) return *it->second;
  if (statements_.size() >= kMostStatements) statements_.clear();
  return *statements_.emplace(sql, std::make_unique<Statement>(db_, sql)).first->second;
}

std::int64_t Connection::integer(const std::string& sql) {
  Statement& statement = prepare(sql);
  const Reset reset(statement);
  return statement.bind().step() ? statement.integer(0) : 0;
}

Transaction::~Transaction() {
  if (!open_ || sqlite3_get_autocommit(connection_.handle())) return;  // some errors have rolled back already
  sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  connection_.prepare("COMMIT").run();
  open_ = false;
}

}  // namespace offstage::store
