// SPDX-License-Identifier: Apache-2.0
#include "store/set_aside.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "store/check.h"
#include "store/database.h"
#include "store/errors.h"
#include "store/files.h"
#include "store/schema.h"
#include "store/state_folder.h"

namespace offstage::store {

namespace fs = std::filesystem;

namespace {

std::string utc() {
  char text[32];
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", ::gmtime_r(&now, &parts));
  return text;
}

Status move(const fs::path& from, const fs::path& to, Moved& moved) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
    moved.push_back(to);
    return Done{};
  }
  if (errno == ENOENT) return Done{};
  return file_error(from, std::string("moving it to ") + to.filename().string() + ": " + std::strerror(errno));
}

/// What a start would say of it.
Status examine(const fs::path& state) {
  const fs::path database = database_in(state);
  std::error_code none;
  if (!fs::exists(database, none) || fs::file_size(database, none) == 0) return Done{};
  try {
    Connection connection(database, Connection::Mode::read_only);
    if (Status ours = require_ours(connection, database); !ours) return ours;
    require_intact(connection);
    return Done{};
  } catch (const SqliteError& e) {
    return open_error(e, database);
  }
}

}  // namespace

Result<Moved> set_database_aside(const fs::path& state, const std::string& why) {
  const fs::path database = database_in(state), aside = database.string() + "." + why + "-" + utc();
  Moved moved;
  if (Status done = move(database, aside, moved); !done) return done.error();
  if (Status done = move(wal_of(database), wal_of(aside), moved); !done) return done.error();
  std::error_code none;
  fs::remove(database.string() + "-shm", none);
  fs::remove(suspect_in(state), none);
  if (Status synced = sync_folder(state); !synced) return synced.error();
  return moved;
}

Result<Moved> set_damaged_aside(const fs::path& folder) {
  auto held = take_state_folder(folder);
  if (!held) return held.error();
  const fs::path& state = held->path;
  const Status healthy = examine(state);
  if (!healthy && healthy.error().reason != "DATABASE_DAMAGED") return healthy.error();
  std::error_code none;
  const bool missing = fs::file_size(database_in(state), none) == 0 || none;
  if (healthy && !missing) {
    return Error{.code = Code::failed_precondition,
                 .reason = "NOT_DAMAGED",
                 .message = "state database " + database_in(state).string() + " is not damaged",
                 .hint = "nothing was changed; start the daemon",
                 .fields = {{"file", database_in(state)}}};
  }
  auto moved = set_database_aside(state, "damaged");
  if (!moved) return moved;
  fs::remove(restoring_in(state), none);
  // The next start removes the folders of attempts that it does not know.
  if (Status done = move(state / "attempts", state / ("attempts.damaged-" + utc()), *moved); !done) return done.error();
  if (Status done = move(state / "inputs", state / ("inputs.damaged-" + utc()), *moved); !done) return done.error();
  if (Status synced = sync_folder(state); !synced) return synced.error();
  return moved;
}

Moved set_aside_in(const fs::path& state) {
  Moved kept;
  const std::string database = database_in(state).filename().string() + ".", attempts = "attempts.", inputs = "inputs.";
  std::error_code error;
  for (fs::directory_iterator it(state, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if ((name.starts_with(database) || name.starts_with(attempts) || name.starts_with(inputs)) && it->path() != restoring_in(state)) kept.push_back(it->path());
  }
  return kept;
}

}  // namespace offstage::store
