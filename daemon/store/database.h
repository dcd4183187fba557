// SPDX-License-Identifier: Apache-2.0
//
// The database file: opened for the writer, looked at after an unclean end, and never begun anew where there was one.
//
// Thread: start-up.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "store/connection.h"

namespace offstage::store {

std::filesystem::path database_in(const std::filesystem::path& state);
std::filesystem::path wal_of(const std::filesystem::path& database);
/// An empty file: a commit failed or damage was seen. The next start looks at every page before it writes.
std::filesystem::path suspect_in(const std::filesystem::path& state);
/// A restored database that has not taken its place yet (store/restore.h).
std::filesystem::path restoring_in(const std::filesystem::path& state);

struct Database {
  std::unique_ptr<Connection> connection;  ///< the only one that may write
  bool unchecked = false;                  ///< the end before was unclean, and the file is too large to be looked at while clients wait
};

/// Made if there is none. What commits a killed writer has left is on the disk, and not in the kernel's memory alone, when this returns. Errors are those of
/// store/errors.h, store/schema.h and DATABASE_MISSING; a refused database is left as it is.
Result<Database> open_database(const std::filesystem::path& state);

}  // namespace offstage::store
