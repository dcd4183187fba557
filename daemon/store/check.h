// SPDX-License-Identifier: Apache-2.0
//
// Is the database what SQLite has written? Asked after an unclean end: of a small one before the daemon serves, of a large one while it does.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "store/connection.h"

namespace offstage::store {

/// Every page, every row; not whether each index has each row (that takes several times as long). Throws SQLITE_CORRUPT with what is wrong.
void require_intact(Connection& connection);

/// The same on a thread of its own, at low priority. `on_damage` is called on it.
class BackgroundCheck {
 public:
  BackgroundCheck(std::filesystem::path database, std::function<void(Error)> on_damage);
  ~BackgroundCheck();  ///< interrupts it
  BackgroundCheck(const BackgroundCheck&) = delete;
  BackgroundCheck& operator=(const BackgroundCheck&) = delete;

 private:
  void run();

  const std::filesystem::path database_;
  const std::function<void(Error)> on_damage_;
  std::mutex mutex_;
  Connection* open_ = nullptr;  // guarded by mutex_, as the next
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace offstage::store
