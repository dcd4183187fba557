// SPDX-License-Identifier: Apache-2.0
#include "app/leftovers.h"

#include <spdlog/spdlog.h>

#include "pool/disk_use.h"
#include "store/set_aside.h"
#include "store/statement.h"

namespace offstage::app {
namespace {

constexpr Micros first_look = std::chrono::seconds(20), between_looks = std::chrono::hours(1);

}  // namespace

void Leftovers::start(Now now) { due_ = now.mono + first_look; }

void Leftovers::look(Now now) {
  if (!due_ || *due_ > now.mono) return;
  due_ = now.mono + between_looks;
  collect(false, {}, [](const Result<std::vector<api::Garbage>>& found) {
    if (!found) return;
    for (const api::Garbage& kind : *found) {
      if (kind.kind == api::GarbageKind::attempt_folders) spdlog::info("{} folders of no attempt were removed, with {} bytes", kind.count, kind.bytes);
    }
  });
}

void Leftovers::collect(bool dry_run, std::vector<api::Garbage> found, const api::GarbageReply& reply) const {
  const auto known = [this]() -> std::optional<std::unordered_set<AttemptId>> {
    try {
      const auto all = store_.reader().all_attempts();
      return std::unordered_set<AttemptId>(all.begin(), all.end());
    } catch (const store::SqliteError& e) {
      spdlog::error("the attempts cannot be read: {}", e.what());
      return std::nullopt;
    }
  };
  pool_.leftovers(known, !dry_run, [this, found = std::move(found), reply](const std::vector<pool::Leftover>& leftovers) mutable {
    api::Garbage folders{.kind = api::GarbageKind::attempt_folders}, logs{.kind = api::GarbageKind::keeper_logs}, trash{.kind = api::GarbageKind::trash};
    for (const pool::Leftover& one : leftovers) {
      auto& kind = one.kind == pool::Leftover::Kind::attempt_folder ? folders : one.kind == pool::Leftover::Kind::keeper_log ? logs : trash;
      kind.add(one.path.string(), one.bytes);
    }
    api::Garbage aside{.kind = api::GarbageKind::set_aside};
    for (const auto& path : store::set_aside_in(state_)) aside.add(path.string(), pool::disk_use(path));
    for (api::Garbage* kind : {&folders, &logs, &trash, &aside}) found.push_back(std::move(*kind));
    std::erase_if(found, [](const api::Garbage& kind) { return kind.count == 0; });
    reply(std::move(found));
  });
}

}  // namespace offstage::app
