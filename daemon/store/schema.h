// SPDX-License-Identifier: Apache-2.0
//
// Brings a database to the schema that this program knows. `user_version` counts the migrations that it has had; each runs in a transaction of its own
// with its count, so that a crash leaves the one before. A shipped migration is never edited.
#pragma once

#include <span>

#include "base/result.h"
#include "store/connection.h"

namespace offstage::store {

std::span<const char* const> migrations();  ///< SQL, the n-th makes version n; from migrations.cc, which the build makes

/// SCHEMA_TOO_NEW, NOT_OUR_DATABASE. An empty one is ours.
Status require_ours(Connection& connection, const std::filesystem::path& database);

/// SCHEMA_TOO_NEW if a newer program has written it, NOT_OUR_DATABASE if it is something else.
Status migrate(Connection& connection, const std::filesystem::path& database);

}  // namespace offstage::store
