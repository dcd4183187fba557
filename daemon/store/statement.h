// SPDX-License-Identifier: Apache-2.0
//
// A prepared statement: bind in order, step, read in order.
//
// What is bound is not copied: text and blobs must live until the statement is stepped to its end or reset. Errors of SQLite are exceptions here
// (SqliteError); the few places that expect them turn them into an Error.
//
// Thread: that of its connection.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/ids.h"
#include "base/time.h"

namespace offstage::store {

struct SqliteError : std::runtime_error {
  SqliteError(int code, const std::string& what) : std::runtime_error(what), code(code) {}
  int code;  ///< extended result code
  int primary() const { return code & 0xff; }
};

using Blob = std::span<const std::uint8_t>;

class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql);
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Starts anew with these values for ?1, ?2, …
  template <class... Values>
  Statement& bind(const Values&... values) {
    reset();
    (bind_next(values), ...);
    return *this;
  }

  void bind_next(std::string_view text);
  void bind_next(Blob blob);
  void bind_next(double value);
  void bind_next(std::nullptr_t);
  void bind_next(Wall time) { bind_integer(time.time_since_epoch().count()); }
  void bind_next(Micros time) { bind_integer(time.count()); }
  template <class Tag>
  void bind_next(const Id<Tag>& id) {
    bind_next(Blob(id.bytes));
  }
  template <class T>
    requires(std::is_integral_v<T> || std::is_enum_v<T>)
  void bind_next(T value) {
    bind_integer(static_cast<std::int64_t>(value));
  }
  template <class T>
  void bind_next(const std::optional<T>& value) {
    value ? bind_next(*value) : bind_next(nullptr);
  }

  bool step();  ///< true: there is a row
  void run();   ///< to its end; for what returns no rows
  void reset();
  sqlite3_stmt* handle() const { return statement_; }

  // columns of the present row
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  double real(int column) const { return sqlite3_column_double(statement_, column); }
  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::string_view text(int column) const;  ///< until the next step

 private:
  void bind_integer(std::int64_t value);
  void check(int code) const;

  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

/// Reads the columns of a row from left to right.
class Columns {
 public:
  explicit Columns(const Statement& row) : row_(row) {}

  template <class T>
  Columns& operator>>(T& value) {
    const int column = next_++;
    if constexpr (std::is_same_v<T, std::string>)
      value = row_.text(column);
    else if constexpr (std::is_same_v<T, double>)
      value = row_.real(column);
    else if constexpr (std::is_same_v<T, Wall>)
      value = Wall(Micros(row_.integer(column)));
    else if constexpr (std::is_same_v<T, Micros>)
      value = Micros(row_.integer(column));
    else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
      value = static_cast<T>(row_.integer(column));
    else
      read_bytes(column, value.data(), value.size());
    return *this;
  }
  template <class Tag>
  Columns& operator>>(Id<Tag>& id) {
    return *this >> id.bytes;
  }

  std::string_view text() { return row_.text(next_++); }

 private:
  void read_bytes(int column, std::uint8_t* to, std::size_t size) const;

  const Statement& row_;
  int next_ = 0;
};

/// Ends a read: a statement left between rows would hold its snapshot, and with it the WAL.
class Reset {
 public:
  explicit Reset(Statement& statement) : statement_(statement) {}
  ~Reset() { statement_.reset(); }
  Reset(const Reset&) = delete;
  Reset& operator=(const Reset&) = delete;

 private:
  Statement& statement_;
};

}  // namespace offstage::store
