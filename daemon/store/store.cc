// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <fcntl.h>

#include <atomic>
#include <chrono>
#include <fstream>

#include "store/ballast.h"
#include "store/check.h"
#include "store/database.h"
#include "store/errors.h"
#include "store/state_folder.h"
#include "store/writer_thread.h"

namespace offstage::store {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::size_t kStateIdLength = 32;

/// A database that replaces a damaged one goes on as the same state: processes of the old one are found by its id, and ended.
Result<std::string> agree_on_state_id(Connection& connection, const fs::path& state) try {
  const fs::path file = state / "id";
  std::string kept;
  std::ifstream(file) >> kept;
  if (kept.size() == kStateIdLength && connection.integer("SELECT count(*) FROM jobs") == 0) {
    connection.prepare("UPDATE meta SET value = ?1 WHERE key = 'state_id'").bind(std::string_view(kept)).run();
  }
  Statement id(connection.handle(), "SELECT value FROM meta WHERE key = 'state_id'");
  if (!id.bind().step()) throw SqliteError(SQLITE_CORRUPT, "meta has no state_id");
  const std::string agreed(id.text(0));
  if (kept != agreed) std::ofstream(file) << agreed << '\n';  // best effort: it matters only where the database is lost
  return agreed;
} catch (const SqliteError& e) {
  return open_error(e, database_in(state));
}

}  // namespace

struct Store::Impl {
  // In the order in which they are made; closed in the other: readers before the writer, the lock last.
  StateFolder folder;
  std::string state_id;
  std::int64_t low_water_bytes = 0;
  std::unique_ptr<WriterThread> writer;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<BackgroundCheck> check;
  std::unique_ptr<Contents> contents;

  std::atomic<Steady::rep> looked_at = 0;
  std::atomic<bool> low = false;
};

Store::Store() : impl_(std::make_unique<Impl>()) {}
Store::~Store() {
  impl_->check.reset();
  impl_->reader.reset();
}

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, std::function<void(core::Revision)> on_durable, std::function<void(Error)> on_failure) {
  auto folder = take_state_folder(options.folder);
  if (!folder) return folder.error();
  const fs::path& state = folder->path;
  Ballast ballast(state / "ballast", options.ballast_bytes, options.low_water_bytes);
  auto database = open_database(state);
  while (!database && database.error().reason == "DISK_FULL" && ballast.give_way()) database = open_database(state);
  if (!database) return database.error();
  auto state_id = agree_on_state_id(*database->connection, state);
  if (!state_id) return state_id.error();
  ballast.refill();

  const auto failed = [suspect = suspect_in(state), on_failure = std::move(on_failure)](Error error) {
    // NOLINTNEXTLINE(bugprone-unused-raii): it is only made; best effort, since the disk is not well
    UniqueFd(::open(suspect.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    on_failure(std::move(error));
  };
  std::unique_ptr<Store> store(new Store);
  Impl& impl = *store->impl_;
  impl.folder = std::move(*folder);
  impl.state_id = std::move(*state_id);
  impl.low_water_bytes = options.low_water_bytes;
  impl.contents = std::make_unique<Contents>(impl.folder.path, options.blob_bytes, options.low_water_bytes);
  if (Status made = impl.contents->open(); !made) return made.error();
  const fs::path file = database_in(impl.folder.path);
  try {
    impl.writer = std::make_unique<WriterThread>(std::move(database->connection), std::move(ballast), std::move(on_durable), failed);
    impl.reader = std::make_unique<Reader>(file);
    impl.reader->last_revision();  // opens one, and reads each table's end
  } catch (const SqliteError& e) {
    return open_error(e, file);
  }
  if (database->unchecked) impl.check = std::make_unique<BackgroundCheck>(file, failed);
  return store;
}

Committer& Store::committer() { return *impl_->writer; }
const Reader& Store::reader() const { return *impl_->reader; }
Contents& Store::contents() const { return *impl_->contents; }
const std::string& Store::state_id() const { return impl_->state_id; }

bool Store::disk_low() const {
  const auto now = Steady::now().time_since_epoch().count();
  auto looked_at = impl_->looked_at.load();
  const bool fresh = looked_at != 0 && now - looked_at < Steady::duration(std::chrono::seconds(1)).count();
  if (fresh || !impl_->looked_at.compare_exchange_strong(looked_at, now)) return impl_->low;  // or another thread is looking
  if (const std::int64_t free = free_bytes(impl_->folder.path); free >= 0) impl_->low = free < impl_->low_water_bytes;
  return impl_->low;
}

std::string Store::why_disk_low() const {
  const auto mib = [](std::int64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; };
  return mib(free_bytes(impl_->folder.path)) + " are free, and below " + mib(impl_->low_water_bytes) + " (low_water) nothing new is accepted";
}

}  // namespace offstage::store
