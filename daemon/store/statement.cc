// SPDX-License-Identifier: Apache-2.0
#include "store/statement.h"

#include <cstring>

namespace offstage::store {

Statement::Statement(sqlite3* db, std::string_view sql) {
  const int code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (code != SQLITE_OK) throw SqliteError(sqlite3_extended_errcode(db), sqlite3_errmsg(db));
}

void Statement::check(int code) const {
  if (code == SQLITE_OK) return;
  sqlite3* db = sqlite3_db_handle(statement_);
  throw SqliteError(sqlite3_extended_errcode(db), sqlite3_errmsg(db));
}

// An empty view may have a null pointer, which SQLite would take for NULL.
void Statement::bind_next(std::string_view text) {
  check(sqlite3_bind_text64(statement_, ++bound_, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind_next(Blob blob) {
  check(sqlite3_bind_blob64(statement_, ++bound_, blob.data() ? static_cast<const void*>(blob.data()) : "", blob.size(), SQLITE_STATIC));
}

void Statement::bind_next(double value) { check(sqlite3_bind_double(statement_, ++bound_, value)); }
void Statement::bind_next(std::nullptr_t) { check(sqlite3_bind_null(statement_, ++bound_)); }
void Statement::bind_integer(std::int64_t value) { check(sqlite3_bind_int64(statement_, ++bound_, value)); }

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* db = sqlite3_db_handle(statement_);
  const SqliteError error(sqlite3_extended_errcode(db), sqlite3_errmsg(db));
  reset();
  throw error;
}

void Statement::run() {
  while (step()) continue;
  reset();
}

void Statement::reset() {
  sqlite3_reset(statement_);  // repeats the error of the last step, which has been thrown
  bound_ = 0;
}

std::string_view Statement::text(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);  // no conversion: text and blobs alike
  return data ? std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string_view();
}

void Columns::read_bytes(int column, std::uint8_t* to, std::size_t size) const {
  const std::string_view bytes = row_.text(column);
  if (bytes.size() != size) throw SqliteError(SQLITE_CORRUPT, "a column of " + std::to_string(size) + " bytes has " + std::to_string(bytes.size()));
  std::memcpy(to, bytes.data(), size);
}

}  // namespace offstage::store
