// SPDX-License-Identifier: Apache-2.0
#include "app/contents_gc.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/post.hpp>

#include "store/statement.h"

namespace offstage::app {
namespace {

constexpr Micros look_soon = std::chrono::seconds(1), look_again = std::chrono::minutes(10);

api::GarbageKind garbage_kind(store::ContentGarbage::Kind kind) {
  using Kind = store::ContentGarbage::Kind;
  switch (kind) {
    case Kind::inputs:
      return api::GarbageKind::inputs;
    case Kind::blob:
      return api::GarbageKind::blobs;
    case Kind::partial:
      return api::GarbageKind::partial_blobs;
    case Kind::corrupt:
      return api::GarbageKind::corrupt_blobs;
    case Kind::staged:
      return api::GarbageKind::staged;
  }
  return api::GarbageKind::unspecified;
}

std::vector<api::Garbage> by_kind(const std::vector<store::ContentGarbage>& found) {
  std::vector<api::Garbage> out;
  for (const store::ContentGarbage& one : found) {
    auto known = std::ranges::find(out, garbage_kind(one.kind), &api::Garbage::kind);
    if (known == out.end()) known = out.insert(out.end(), api::Garbage{.kind = garbage_kind(one.kind)});
    known->add(one.path.string(), one.bytes);
  }
  return out;
}

}  // namespace

void ContentsGc::start(Now now) {
  pool_.in_background([this] { store_.contents().measure(); });
  due_ = now.mono + look_soon;
}

std::optional<Mono> ContentsGc::next(Now now) {
  if (!due_ && (engine_.durable() != seen_ || store_.contents().room.used() != used_)) due_ = now.mono + look_again;
  return due_;
}

void ContentsGc::look(Now now) {
  if (!due_ || *due_ > now.mono) return;
  due_.reset();
  seen_ = engine_.durable();
  used_ = store_.contents().room.used();
  pool_.in_background([this] {
    std::int64_t bytes = 0;
    const auto gone = walk(true);
    for (const store::ContentGarbage& one : gone) bytes += one.bytes;
    if (!gone.empty()) spdlog::info("{} blobs and inputs that no job has were removed, with {} bytes", gone.size(), bytes);
  });
}

void ContentsGc::collect(bool remove, std::function<void(std::vector<api::Garbage>)> done) {
  pool_.in_background([this, remove, done = std::move(done)] { asio::post(io_, [done, found = by_kind(walk(remove))]() mutable { done(std::move(found)); }); });
}

/// In the background.
std::vector<store::ContentGarbage> ContentsGc::walk(bool remove) const {
  try {
    return store_.contents().collect([this](JobId job) { return store_.reader().has_job(job); }, Now::read().wall, remove);
  } catch (const store::SqliteError& e) {
    spdlog::error("what blobs and inputs belong to cannot be read: {}", e.what());
    return {};
  }
}

}  // namespace offstage::app
