// SPDX-License-Identifier: Apache-2.0
//
// One connection to the database, with the statements it has prepared.
//
// Thread: one at a time; SQLite's own mutexes are off.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/statement.h"

namespace offstage::store {

class Connection {
 public:
  enum class Mode { read_write, read_only };
  Connection(const std::filesystem::path& database, Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void execute(const std::string& sql);  ///< any number of statements, without results
  /// Prepared once, kept. Callers with variable text have few forms of it; if there are many after all, all are dropped and made anew.
  Statement& prepare(const std::string& sql);
  std::int64_t integer(const std::string& sql);  ///< the first column of the first row; 0 if there is none or it is NULL
  sqlite3* handle() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, std::unique_ptr<Statement>> statements_;
};

/// Rolled back unless committed.
class Transaction {
 public:
  Transaction(Connection& connection, const std::string& begin) : connection_(connection) { connection_.prepare(begin).run(); }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Connection& connection_;
  bool open_ = true;
};

}  // namespace offstage::store
