// SPDX-License-Identifier: Apache-2.0
//
// Removes folders without anybody waiting: renamed into trash/ first, so that a name is free at once and a crash in the middle is found at the next start.
//
// Thread: any.
#pragma once

#include <asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <memory>

namespace offstage::pool {

class Janitor {
 public:
  Janitor(asio::thread_pool& threads, const std::filesystem::path& state);
  void remove(const std::filesystem::path& folder);
  /// What an earlier process left in trash/.
  void empty_trash();
  /// Calls `then` when nothing waits to be removed: here and now, or on the janitor's thread.
  void when_done(std::function<void()> then);

 private:
  struct Work;
  void post(std::function<void()> task);

  asio::thread_pool& threads_;
  const std::filesystem::path trash_;
  const std::shared_ptr<Work> work_;
};

}  // namespace offstage::pool
