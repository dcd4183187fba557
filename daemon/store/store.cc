// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "store/errors.h"
#include "store/schema.h"
#include "store/state_folder.h"
#include "store/writer_thread.h"

namespace offstage::store {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

namespace {

constexpr auto kDatabase = "state.sqlite3";
constexpr auto kSuspect = "suspect";  // an empty file: a commit failed, look at every page before the next one

Result<std::unique_ptr<Connection>> open_database(const fs::path& folder) {
  const fs::path database = folder / kDatabase, suspect = folder / kSuspect;
  UniqueFd(::open(database.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));  // for the mode; what is wrong with it, SQLite will say
  try {
    auto connection = std::make_unique<Connection>(database, Connection::Mode::read_write);
    connection->execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768");
    if (fs::exists(suspect)) {
      Statement check(connection->handle(), "PRAGMA quick_check(1)");
      if (check.bind().step() && check.text(0) != "ok") throw SqliteError(SQLITE_CORRUPT, std::string(check.text(0)));
    }
    if (Status migrated = migrate(*connection, database); !migrated) return migrated.error();
    fs::remove(suspect);
    return connection;
  } catch (const SqliteError& e) {
    return open_error(e, database);
  }
}

}  // namespace

struct Store::Impl {
  // In the order in which they are made; closed in the other: readers before the writer, the lock last.
  StateFolder folder;
  std::string state_id;
  std::int64_t low_water_bytes = 0;
  std::unique_ptr<WriterThread> writer;
  std::unique_ptr<Reader> reader;

  std::atomic<Steady::rep> looked_at = 0;
  std::atomic<bool> low = false;
};

Store::Store() : impl_(std::make_unique<Impl>()) {}
Store::~Store() { impl_->reader.reset(); }

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, std::function<void(core::Revision)> on_durable, std::function<void(Error)> on_failure) {
  auto folder = take_state_folder(options.folder);
  if (!folder) return folder.error();
  auto connection = open_database(folder->path);
  if (!connection) return connection.error();

  std::unique_ptr<Store> store(new Store);
  Impl& impl = *store->impl_;
  impl.folder = std::move(*folder);
  impl.low_water_bytes = options.low_water_bytes;
  const fs::path database = impl.folder.path / kDatabase, suspect = impl.folder.path / kSuspect;
  try {
    Statement id((*connection)->handle(), "SELECT value FROM meta WHERE key = 'state_id'");
    if (!id.bind().step()) throw SqliteError(SQLITE_CORRUPT, "meta has no state_id");
    impl.state_id = id.text(0);
    id.reset();
    auto failed = [suspect, on_failure = std::move(on_failure)](Error error) {
      UniqueFd(::open(suspect.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));  // best effort: the disk is not well
      on_failure(std::move(error));
    };
    impl.writer = std::make_unique<WriterThread>(std::move(*connection), std::move(on_durable), std::move(failed));
    impl.reader = std::make_unique<Reader>(database);
    impl.reader->last_revision();  // opens one, and reads each table's end
  } catch (const SqliteError& e) {
    return open_error(e, database);
  }
  return store;
}

Committer& Store::committer() { return *impl_->writer; }
const Reader& Store::reader() const { return *impl_->reader; }
const std::string& Store::state_id() const { return impl_->state_id; }

bool Store::disk_low() const {
  const auto now = Steady::now().time_since_epoch().count();
  auto looked_at = impl_->looked_at.load();
  const bool fresh = looked_at != 0 && now - looked_at < Steady::duration(std::chrono::seconds(1)).count();
  if (fresh || !impl_->looked_at.compare_exchange_strong(looked_at, now)) return impl_->low;  // or another thread is looking
  struct statvfs disk {};
  if (::statvfs(impl_->folder.path.c_str(), &disk) == 0) {
    impl_->low = static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize) < impl_->low_water_bytes;
  }
  return impl_->low;
}

}  // namespace offstage::store
