// SPDX-License-Identifier: Apache-2.0
#include "store/check.h"

#include <sys/resource.h>
#include <unistd.h>

#include "store/errors.h"

namespace offstage::store {

namespace {
constexpr int kNice = 19;
}

void require_intact(Connection& connection) {
  Statement check(connection.handle(), "PRAGMA quick_check(1)");
  if (check.bind().step() && check.text(0) != "ok") throw SqliteError(SQLITE_CORRUPT, std::string(check.text(0)));
}

BackgroundCheck::BackgroundCheck(std::filesystem::path database, std::function<void(Error)> on_damage)
    : database_(std::move(database)), on_damage_(std::move(on_damage)), thread_([this] { run(); }) {}

BackgroundCheck::~BackgroundCheck() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (open_ != nullptr) sqlite3_interrupt(open_->handle());
  }
  thread_.join();
}

void BackgroundCheck::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  try {
    Connection connection(database_, Connection::Mode::read_only);
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      open_ = &connection;
    }
    const std::shared_ptr<void> closed(nullptr, [this](void*) {
      const std::lock_guard lock(mutex_);
      open_ = nullptr;
    });
    require_intact(connection);
  } catch (const SqliteError& e) {
    if (e.primary() != SQLITE_INTERRUPT) on_damage_(open_error(e, database_));
  }
}

}  // namespace offstage::store
