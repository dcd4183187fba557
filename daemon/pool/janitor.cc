// SPDX-License-Identifier: Apache-2.0
#include "pool/janitor.h"

#include <spdlog/spdlog.h>

#include <asio/post.hpp>

#include "base/ids.h"

namespace offstage::pool {
namespace {

void erase(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);  // follows no symlinks
  if (error) spdlog::warn("{} cannot be removed: {}", folder.string(), error.message());
}

}  // namespace

Janitor::Janitor(asio::thread_pool& threads, const std::filesystem::path& state) : threads_(threads), trash_(state / "trash") {}

void Janitor::remove(const std::filesystem::path& folder) {
  asio::post(threads_, [folder, trash = trash_] {
    std::error_code error;
    const auto aside = trash / (folder.filename().string() + "." + random_hex(4));
    std::filesystem::rename(folder, aside, error);
    if (!error) erase(aside);
  });
}

void Janitor::empty_trash() {
  asio::post(threads_, [trash = trash_] {
    std::error_code error;
    for (std::filesystem::directory_iterator it(trash, error), end; !error && it != end; it.increment(error)) erase(it->path());
  });
}

}  // namespace offstage::pool
