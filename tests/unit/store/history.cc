// SPDX-License-Identifier: Apache-2.0
#include "history.h"

#include <algorithm>

#include "fixture.h"
#include "store/connection.h"

namespace offstage::store {

namespace fs = std::filesystem;
using core::JobState;
using test::DiskOp;
using Changes = std::vector<core::Change>;

namespace {

core::JobInsert long_job(std::int64_t number, std::size_t size) {
  core::JobInsert insert = new_job(number);
  insert.spec = std::make_shared<const std::string>(size, 'l');
  return insert;
}

core::JobUpdate ended(std::int64_t number, core::Revision revision, std::string value) {
  core::JobUpdate update = update_of(number, revision, JobState::succeeded);
  update.outcome.emplace().value_json = std::move(value);
  return update;
}

core::AttemptWrite attempt(std::uint8_t number, std::int64_t job, core::AttemptState state) {
  return {.id = attempt_id(number), .job = job_id(job), .job_seq = job, .state = state};
}

/// What the daemon of the first and of the second start submits, with the batch's revision.
std::vector<std::pair<core::Revision, Changes>> batches(int start) {
  if (start == 0) {
    Changes many;
    for (std::int64_t number = 3; number <= 22; ++number) many.emplace_back(new_job(number));
    return {{1, {new_job(1)}},
            {2, {long_job(2, 20'000)}},
            {22, std::move(many)},
            {23, {update_of(1, 23, JobState::running), attempt(1, 1, core::AttemptState::starting)}},
            {24, {core::LabelsUpdate{job_id(2), 24, R"({"shot":"010"})"}}},
            {25, {ended(1, 25, std::string(9'000, '1')), attempt(1, 1, core::AttemptState::succeeded)}}};
  }
  constexpr std::int64_t kTwoHours = 7'200;
  return {{26, {update_of(3, 26, JobState::running), attempt(2, 3, core::AttemptState::starting)}},
          {27, {core::AttemptDelete{attempt_id(2)}, update_of(3, 27, JobState::queued)}},
          {28, {core::JobDelete{job_id(1), 28, at(1'000)}}},
          {29, {core::JobDelete{job_id(2), 29, at(1'000 + kTwoHours)}}},
          {31, {long_job(30, 30'000), update_of(4, 31, JobState::cancelled)}},
          {32, {ended(3, 32, "[1, 2]")}}};
}

std::string all_rows(Connection& database) {
  std::vector<std::string> tables;
  Statement names(database.handle(), "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  for (names.bind(); names.step();) tables.emplace_back(names.text(0));
  std::string out;
  for (const std::string& table : tables) {
    out += table + "\n";
    Statement rows(database.handle(), "SELECT * FROM " + table + (table == "meta" ? " WHERE key <> 'state_id'" : "") + " ORDER BY 1");
    for (rows.bind(); rows.step(); out += '\n') {
      for (int column = 0; column < sqlite3_data_count(rows.handle()); ++column) out.append(rows.text(column)).push_back('|');
    }
  }
  return out;
}

std::string all_rows(const fs::path& state) {
  Connection database(state / "state.sqlite3", Connection::Mode::read_only);
  return all_rows(database);
}

}  // namespace

void live(const fs::path& state, test::FailingVfs& disk, const std::function<void(core::Revision)>& after_each) {
  std::atomic<bool> failed = false;
  for (int start = 0; start < 2; ++start) {
    auto opened = Store::open(
        {.folder = state, .ballast_bytes = 0}, [&](core::Revision revision) { disk.note("acknowledged", static_cast<std::int64_t>(revision)); },
        [&](const Error&) { failed = true; });
    if (!opened || failed) return;
    Store& store = **opened;
    if (start == 0 && after_each) after_each(0);
    for (auto& [revision, changes] : batches(start)) {
      disk.note("submitted", static_cast<std::int64_t>(revision));
      store.committer().submit({.changes = std::move(changes), .revision = revision});
      store.committer().flush();
      if (failed) return;
      if (after_each) after_each(revision);
      try {
        (void)store.reader().jobs(std::vector{job_id(1), job_id(2)});
      } catch (const SqliteError&) {
        // a client is told that the store cannot be read; nothing follows from it
      }
    }
  }
}

RowsByRevision live_without_faults(test::FailingVfs& disk) {
  const TempFolder folder(memory_disk());
  const auto state = folder.path() / "state";
  disk.watch(state);
  RowsByRevision contents;
  live(state, disk, [&](core::Revision revision) { contents[revision] = all_rows(state); });
  return contents;
}

void Told::hear(const DiskOp& note) {
  if (note.kind != DiskOp::Kind::note) return;
  (note.file == "submitted" ? submitted : acknowledged) = static_cast<core::Revision>(note.number);
}

Verdict judge(const fs::path& state, const RowsByRevision& contents, const Told& told) try {
  Verdict verdict;
  {
    const auto opened = Store::open(
        {.folder = state, .ballast_bytes = 0}, [](core::Revision) {}, [](const Error&) {});
    if (!opened) return {"it does not open: " + opened.error().message};
    verdict.last = (*opened)->reader().last_revision();
  }
  Connection database(state / "state.sqlite3", Connection::Mode::read_only);
  Statement check(database.handle(), "PRAGMA integrity_check");
  check.bind().step();
  if (check.text(0) != "ok") return {"integrity_check: " + std::string(check.text(0))};
  const std::string last = std::to_string(verdict.last);
  if (verdict.last < told.acknowledged) return {"acknowledged up to " + std::to_string(told.acknowledged) + ", there is " + last};
  if (verdict.last > told.submitted) return {"submitted up to " + std::to_string(told.submitted) + ", there is " + last};
  if (!contents.contains(verdict.last)) return {"half a batch: there is " + last};
  if (all_rows(database) != contents.at(verdict.last)) return {"revision " + last + " has other rows than it had"};
  return verdict;
} catch (const SqliteError& e) {
  return {std::string("it cannot be read: ") + e.what()};
}

}  // namespace offstage::store
