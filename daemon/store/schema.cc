// SPDX-License-Identifier: Apache-2.0
#include "store/schema.h"

#include "base/faults.h"

namespace offstage::store {

namespace {
constexpr std::int64_t kApplicationId = 0x4f666673;  // "Offs", shown by file(1)
}

Status require_ours(Connection& connection, const std::filesystem::path& database) {
  const auto known = static_cast<std::int64_t>(migrations().size());
  const std::int64_t version = connection.integer("PRAGMA user_version");
  const std::int64_t tables = connection.integer("SELECT count(*) FROM sqlite_schema");
  const std::int64_t application = connection.integer("PRAGMA application_id");

  if ((tables > 0 || version > 0) && application != kApplicationId) {
    return Error{.code = Code::failed_precondition,
                 .reason = "NOT_OUR_DATABASE",
                 .message = "state database " + database.string() + " was not made by offstaged",
                 .hint = "move the file away, or name another state folder",
                 .fields = {{"file", database}}};
  }
  if (version > known) {
    return Error{.code = Code::failed_precondition,
                 .reason = "SCHEMA_TOO_NEW",
                 .message = "state database " + database.string() + " has schema " + std::to_string(version) + ", and this offstaged knows only up to " +
                            std::to_string(known),
                 .hint = "start the newer offstaged that wrote it, or move the state folder away to begin with an empty one",
                 .fields = {{"file", database}, {"schema", std::to_string(version)}, {"known", std::to_string(known)}}};
  }
  return Done{};
}

Status migrate(Connection& connection, const std::filesystem::path& database) {
  if (Status ours = require_ours(connection, database); !ours) return ours;
  const auto known = static_cast<std::int64_t>(migrations().size());
  for (std::int64_t next = connection.integer("PRAGMA user_version"); next < known; ++next) {
    Transaction transaction(connection, "BEGIN IMMEDIATE");
    connection.execute(migrations()[static_cast<std::size_t>(next)]);
    connection.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
    connection.execute("PRAGMA user_version = " + std::to_string(next + 1));
    crash_point("store.in_migration");
    transaction.commit();
  }
  return Done{};
}

}  // namespace offstage::store
