// SPDX-License-Identifier: Apache-2.0
//
// The Committer: one thread that owns the only read-write connection.
//
// Everything queued is one transaction. Checkpoints run on the same thread (SQLite before 3.51.3 can damage a WAL that two connections write or checkpoint):
// when the queue is empty, or when the WAL has grown by 64 MB. They never truncate it, since writing into an allocated file syncs faster.
//
// A commit that finds no space on the disk takes some from the ballast and is tried again; any other failure is the end.
//
// Thread: submit() and full() any; the callbacks run on the thread, without a lock held.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "store/ballast.h"
#include "store/committer.h"
#include "store/connection.h"
#include "store/writer.h"

namespace offstage::store {

class WriterThread : public Committer {
 public:
  WriterThread(std::unique_ptr<Connection> connection, Ballast ballast, std::function<void(core::Revision)> on_durable, std::function<void(Error)> on_failure);
  ~WriterThread() override;  ///< commits what is queued, checkpoints

  void submit(core::Batch batch) override;
  bool full() const override;
  void flush() override;

 private:
  struct Queued {
    core::Batch batch;
    std::size_t bytes = 0;
    std::chrono::steady_clock::time_point latest;  ///< a lazy one waits so long at most
  };

  void run();
  bool wait(std::unique_lock<std::mutex>& lock);  ///< false: the end
  void commit(const std::deque<Queued>& work);
  core::Revision write(const std::deque<Queued>& work);  ///< one transaction; throws
  void checkpoint();
  void fail(const std::exception& why);
  static int wal_grew(void* self, sqlite3*, const char*, int pages);

  const std::unique_ptr<Connection> connection_;
  const std::function<void(core::Revision)> on_durable_;
  const std::function<void(Error)> on_failure_;
  Writer writer_;
  Ballast ballast_;  // the thread's own, as the next
  int wal_pages_ = 0;
  int uncheckpointed_pages_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<Queued> queue_;                    // guarded by mutex_, as all below
  std::uint64_t submitted_ = 0, finished_ = 0;  // batches
  bool urgent_ = false;                         // somebody waits for what is queued
  bool stopping_ = false;
  std::atomic<std::size_t> waiting_changes_ = 0, waiting_bytes_ = 0;  // with those being committed
  std::atomic<bool> failed_ = false;
  std::thread thread_;
};

}  // namespace offstage::store
