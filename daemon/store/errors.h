// SPDX-License-Identifier: Apache-2.0
//
// What SQLite's errors mean to people.
#pragma once

#include <exception>
#include <filesystem>

#include "base/result.h"
#include "store/statement.h"

namespace offstage::store {

bool is_disk_full(const std::exception& e);                                     ///< a write found no space; what is on the disk is as it was
Error commit_error(const std::exception& e);                                    ///< of a transaction of the writer
Error open_error(const SqliteError& e, const std::filesystem::path& database);  ///< of opening or migrating

}  // namespace offstage::store
