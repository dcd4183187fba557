// SPDX-License-Identifier: Apache-2.0
//
// A database that is not to be used any more is moved away and kept: nothing of ours deletes one.
//
// The database goes first and its WAL after it. Between the two a start is refused (DATABASE_MISSING, store/database.h), and a repetition ends what was begun.
//
// Thread: start-up.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace offstage::store {

using Moved = std::vector<std::filesystem::path>;  ///< the new names

/// state.sqlite3 and its WAL become state.sqlite3.`why`-20261121T065451Z and so on. Nothing there: nothing moved.
Result<Moved> set_database_aside(const std::filesystem::path& state, const std::string& why);

/// `offstaged --set-aside-damaged`: looks at every page first, and moves what is damaged, with the folders of its attempts. NOT_DAMAGED, ANOTHER_DAEMON, …
Result<Moved> set_damaged_aside(const std::filesystem::path& state);

/// All that was ever moved away there, and is still kept. Of a running daemon's folder, too.
Moved set_aside_in(const std::filesystem::path& state);

}  // namespace offstage::store
