// SPDX-License-Identifier: Apache-2.0
#include "pool/folder_watch.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/post.hpp>

#include "pool/disk_use.h"

namespace offstage::pool {
namespace {

constexpr Micros pace = std::chrono::seconds(2);

core::Failure too_large(std::int64_t limit, const std::filesystem::path& folder) {
  return {core::Reason::disk_full,
          "the job's folder grew beyond the limit of " + std::to_string(limit) + " bytes, and the script was ended",
          "let the script write less, or elsewhere; or raise the daemon's option attempt_bytes, and `offstage retry` the job",
          {{"attempt_bytes", std::to_string(limit)}, {"folder", folder.string()}},
          {}};
}

}  // namespace

void FolderWatch::start() {
  if (watching_ || context_.options.attempt_bytes == 0) return;
  watching_ = true;
  wait(pace);
}

void FolderWatch::wait(Micros pause) {
  timer_.expires_after(pause);
  timer_.async_wait([this, alive = alive_](asio::error_code error) {
    if (!error && *alive) look();
  });
}

void FolderWatch::look() {
  Sizes sizes;
  for (const auto& [id, worker] : fleet_.workers()) {
    if (worker->stage() == Worker::Stage::prepared || worker->stage() == Worker::Stage::running) sizes.emplace_back(id, 0);
  }
  watching_ = !sizes.empty();
  if (!watching_) return;
  asio::post(context_.background, [this, &context = context_, alive = alive_, sizes = std::move(sizes)]() mutable {
    const auto begin = std::chrono::steady_clock::now();
    for (auto& [id, bytes] : sizes) bytes = disk_use(context.folder(id));
    const auto took = std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - begin);
    asio::post(context.io, [this, alive, took, sizes = std::move(sizes)] {
      if (!*alive) return;
      judge(sizes);
      wait(std::max(pace, took * 10));
    });
  });
}

void FolderWatch::judge(const Sizes& sizes) {
  for (const auto& [id, bytes] : sizes) {
    const auto worker = fleet_.find(id);
    if (bytes <= context_.options.attempt_bytes || !worker || worker->stage() != Worker::Stage::running) continue;
    spdlog::warn("attempt {}: its folder has {} bytes, it is ended", id.hex(), bytes);
    worker->condemn(too_large(context_.options.attempt_bytes, context_.folder(id)));
  }
}

}  // namespace offstage::pool
