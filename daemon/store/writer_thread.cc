// SPDX-License-Identifier: Apache-2.0
#include "store/writer_thread.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/faults.h"
#include "store/errors.h"

namespace offstage::store {

namespace {

constexpr std::size_t kMostChanges = 100'000, kMostBytes = 256 << 20;
constexpr auto kLazy = std::chrono::milliseconds(50);
constexpr auto kIdle = std::chrono::milliseconds(250);
constexpr auto kBallast = std::chrono::seconds(5);
constexpr int kPage = 4096, kLargeWal = (64 << 20) / kPage;

// What the queue keeps in memory for a change: about its record and its long strings.
std::size_t bytes_of(const core::Change& change) {
  std::size_t bytes = sizeof change;
  if (const auto* insert = std::get_if<core::JobInsert>(&change)) bytes += (insert->spec ? insert->spec->size() : 0) + insert->labels_json.size();
  if (const auto* update = std::get_if<core::JobUpdate>(&change); update && update->outcome) bytes += update->outcome->value_json.size();
  return bytes;
}

}  // namespace

WriterThread::WriterThread(std::unique_ptr<Connection> connection, Ballast ballast, std::function<void(core::Revision)> on_durable,
                           std::function<void(Error)> on_failure)
    : connection_(std::move(connection)),
      on_durable_(std::move(on_durable)),
      on_failure_(std::move(on_failure)),
      writer_(*connection_),
      ballast_(std::move(ballast)) {
  sqlite3_wal_hook(connection_->handle(), &WriterThread::wal_grew, this);
  thread_ = std::thread([this] { run(); });
}

WriterThread::~WriterThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void WriterThread::submit(core::Batch batch) {
  Queued queued{.batch = std::move(batch), .latest = std::chrono::steady_clock::now() + kLazy};
  for (const core::Change& change : queued.batch.changes) queued.bytes += bytes_of(change);
  waiting_changes_ += queued.batch.changes.size();
  waiting_bytes_ += queued.bytes;
  bool wake;
  {
    const std::lock_guard lock(mutex_);
    wake = queue_.empty() || !queued.batch.lazy;
    urgent_ |= !queued.batch.lazy;
    queue_.push_back(std::move(queued));
    ++submitted_;
  }
  if (wake) work_.notify_one();
}

bool WriterThread::full() const { return failed_ || waiting_changes_ > kMostChanges || waiting_bytes_ > kMostBytes; }

void WriterThread::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t all = submitted_;
  urgent_ = !queue_.empty();
  work_.notify_one();
  done_.wait(lock, [&] { return finished_ >= all; });
}

bool WriterThread::wait(std::unique_lock<std::mutex>& lock) {
  const auto something = [&] { return stopping_ || !queue_.empty(); };
  if (uncheckpointed_pages_ > 0 && !failed_ && !work_.wait_for(lock, kIdle, something)) {
    lock.unlock();
    checkpoint();
    sqlite3_db_release_memory(connection_->handle());
    lock.lock();
  }
  while (!failed_ && !ballast_.whole() && !work_.wait_for(lock, kBallast, something)) {
    lock.unlock();
    ballast_.refill();
    lock.lock();
  }
  work_.wait(lock, something);
  if (queue_.empty()) return false;
  work_.wait_until(lock, queue_.front().latest, [&] { return urgent_ || stopping_; });
  return true;
}

void WriterThread::run() {
  std::unique_lock lock(mutex_);
  while (wait(lock)) {
    std::deque<Queued> work = std::exchange(queue_, {});
    urgent_ = false;
    lock.unlock();
    if (!failed_) commit(work);
    std::size_t changes = 0, bytes = 0;
    for (const Queued& queued : work) {
      changes += queued.batch.changes.size();
      bytes += queued.bytes;
    }
    const std::size_t batches = work.size();
    work.clear();
    waiting_changes_ -= changes;
    waiting_bytes_ -= bytes;
    lock.lock();
    finished_ += batches;
    done_.notify_all();
  }
  lock.unlock();
  if (!failed_ && uncheckpointed_pages_ > 0) checkpoint();
}

void WriterThread::commit(const std::deque<Queued>& work) {
  std::optional<core::Revision> newest;
  while (!newest) {
    try {
      newest = write(work);
    } catch (const std::exception& e) {
      if (!is_disk_full(e) || !ballast_.give_way()) return fail(e);
    }
  }
  crash_point("store.after_fsync_before_ack");
  if (*newest > 0) on_durable_(*newest);
  crash_point("store.after_commit");
  ballast_.refill();
  if (uncheckpointed_pages_ > kLargeWal) checkpoint();
}

core::Revision WriterThread::write(const std::deque<Queued>& work) {
  core::Revision newest = 0;
  for (const Queued& queued : work) newest = std::max(newest, queued.batch.revision);
  if (seeded_bug("ack_before_commit")) on_durable_(newest);
  Transaction transaction(*connection_, "BEGIN IMMEDIATE");
  for (const Queued& queued : work) {
    for (const core::Change& change : queued.batch.changes) writer_.apply(change);
    crash_point("store.in_transaction");
  }
  crash_point("store.before_commit");
  transaction.commit();
  return newest;
}

// PASSIVE waits for nobody: a reader in the middle of the WAL leaves a rest for the next time. On a full disk the WAL keeps what the database has no room for.
void WriterThread::checkpoint() {
  uncheckpointed_pages_ = 0;
  crash_point("store.before_checkpoint");
  const int code = sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  crash_point("store.after_checkpoint");
  const int primary = code & 0xff;
  if (primary == SQLITE_OK || primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_FULL) return;
  fail(SqliteError(code, sqlite3_errmsg(connection_->handle())));
}

// After a failed fsync the kernel may have dropped the pages, and a second one would say that all is well: nothing is tried again, not even when closing.
void WriterThread::fail(const std::exception& why) {
  failed_ = true;
  sqlite3_db_config(connection_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  on_failure_(commit_error(why));
}

int WriterThread::wal_grew(void* self, sqlite3*, const char*, int pages) {
  auto& thread = *static_cast<WriterThread*>(self);
  thread.uncheckpointed_pages_ += pages >= thread.wal_pages_ ? pages - thread.wal_pages_ : pages;  // fewer: it began again at its front
  thread.wal_pages_ = pages;
  return SQLITE_OK;
}

}  // namespace offstage::store
