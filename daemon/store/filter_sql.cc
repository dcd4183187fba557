// SPDX-License-Identifier: Apache-2.0
#include "store/filter_sql.h"

#include "store/job_columns.h"

namespace offstage::store {

namespace {
constexpr int kStates = static_cast<int>(core::JobState::cancelled) + 1;
}

std::string list_sql(const Filter& filter) {
  int next = 1;
  const auto parameter = [&] { return std::string("?").append(std::to_string(next++)); };

  std::string where = " WHERE seq < " + parameter();
  if (filter.ids) {
    where += " AND id BETWEEN " + parameter();
    where += " AND " + parameter();
  }
  if (filter.display_name) where += " AND display_name = " + parameter();
  if (filter.min_priority) where += " AND priority >= " + parameter();
  if (filter.max_priority) where += " AND priority <= " + parameter();
  if (filter.created_after) where += " AND create_time > " + parameter();
  if (filter.created_before) where += " AND create_time < " + parameter();
  for (std::size_t i = 0; i < filter.labels.size(); ++i) {
    where += " AND EXISTS (SELECT 1 FROM json_each(labels) WHERE key = " + parameter();
    where += " AND value = " + parameter() + ")";
  }

  const std::string select = "SELECT " + kJobColumns + " FROM jobs ";
  const std::string newest_first = " ORDER BY seq DESC";
  if (filter.ids) {  // few rows: found by id, sorted
    if (filter.states != 0) where += " AND (" + std::to_string(filter.states) + " >> state) & 1";
    return select + "INDEXED BY jobs_by_id" + where + newest_first;
  }
  if (filter.states == 0) return select + "NOT INDEXED" + where + newest_first;

  // One walk down the index for each state; SQLite merges them. A single walk over all jobs would pass a million queued ones to find the three that run.
  std::string sql;
  for (int state = 0; state < kStates; ++state) {
    if ((filter.states >> state & 1) == 0) continue;
    if (!sql.empty()) sql += " UNION ALL ";
    sql += select + "INDEXED BY jobs_by_state" + where + " AND state = " + std::to_string(state);
  }
  return sql + newest_first;
}

void bind_list(Statement& statement, const Filter& filter, std::int64_t before_seq) {
  statement.bind(before_seq);
  if (filter.ids) {
    statement.bind_next(filter.ids->first);
    statement.bind_next(filter.ids->second);
  }
  if (filter.display_name) statement.bind_next(std::string_view(*filter.display_name));
  if (filter.min_priority) statement.bind_next(*filter.min_priority);
  if (filter.max_priority) statement.bind_next(*filter.max_priority);
  if (filter.created_after) statement.bind_next(*filter.created_after);
  if (filter.created_before) statement.bind_next(*filter.created_before);
  for (const auto& [key, value] : filter.labels) {
    statement.bind_next(std::string_view(key));
    statement.bind_next(std::string_view(value));
  }
}

}  // namespace offstage::store
