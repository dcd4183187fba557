// SPDX-License-Identifier: Apache-2.0
#include "pool/janitor.h"

#include <spdlog/spdlog.h>

#include <asio/post.hpp>
#include <mutex>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace offstage::pool {
namespace {

void erase(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);  // follows no symlinks
  if (error) spdlog::warn("{} cannot be removed: {}", folder.string(), error.message());
}

}  // namespace

/// What is still to be done, and who waits for it.
struct Janitor::Work {
  std::mutex mutex;
  std::size_t tasks = 0;
  std::vector<std::function<void()>> waiting;

  void done() {
    std::vector<std::function<void()>> told;
    {
      const std::scoped_lock lock(mutex);
      if (--tasks == 0) told.swap(waiting);
    }
    for (const auto& then : told) then();
  }
};

Janitor::Janitor(asio::thread_pool& threads, const std::filesystem::path& state)
    : threads_(threads), trash_(state / "trash"), work_(std::make_shared<Work>()) {}

void Janitor::post(std::function<void()> task) {
  {
    const std::scoped_lock lock(work_->mutex);
    ++work_->tasks;
  }
  asio::post(threads_, [work = work_, task = std::move(task)] {
    task();
    work->done();
  });
}

void Janitor::when_done(std::function<void()> then) {
  {
    const std::scoped_lock lock(work_->mutex);
    if (work_->tasks > 0) return work_->waiting.push_back(std::move(then));
  }
  then();
}

void Janitor::remove(const std::filesystem::path& folder) {
  post([folder, trash = trash_] {
    std::error_code error;
    const auto aside = trash / (folder.filename().string() + "." + random_hex(4));
    std::filesystem::rename(folder, aside, error);
    if (!error) erase(aside);
  });
}

void Janitor::empty_trash() {
  post([trash = trash_] {
    std::error_code error;
    for (std::filesystem::directory_iterator it(trash, error), end; !error && it != end; it.increment(error)) erase(it->path());
  });
}

}  // namespace offstage::pool
