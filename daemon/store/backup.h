// SPDX-License-Identifier: Apache-2.0
//
// A copy of the database as it is at one moment, made while a daemon writes on; and its way back.
//
// A backup is one file without a WAL, checked before it gets its name. It holds jobs with their specs and results, and attempts; logs and files that jobs wrote
// stay where they are. See docs/guides/backup.md.
//
// Thread: a process of its own (`offstaged --backup`, `offstaged --restore`); a daemon may run beside back_up().
#pragma once

#include <filesystem>

#include "base/result.h"
#include "store/set_aside.h"

namespace offstage::store {

/// Of the database in `state` to `file`, which must not exist. NO_DATABASE, FILE_EXISTS, FILE_UNUSABLE, DISK_FULL, DATABASE_DAMAGED.
Status back_up(const std::filesystem::path& state, const std::filesystem::path& file);

/// `file` becomes the database in `state`; what was there is set aside, and its names are returned. ANOTHER_DAEMON, NOT_OUR_DATABASE, SCHEMA_TOO_NEW,
/// DATABASE_DAMAGED, FILE_UNUSABLE.
Result<Moved> restore(const std::filesystem::path& state, const std::filesystem::path& file);

}  // namespace offstage::store
