// SPDX-License-Identifier: Apache-2.0
//
// A Filter as SQL: jobs below a seq, newest first, by an index that fits. Every plan is lazy: it stops where the caller stops.
#pragma once

#include <string>

#include "store/rows.h"
#include "store/statement.h"

namespace offstage::store {

/// Text and parameters go together: the text depends on which parts of the filter are set, the parameters are their values.
std::string list_sql(const Filter& filter);
void bind_list(Statement& statement, const Filter& filter, std::int64_t before_seq);

}  // namespace offstage::store
