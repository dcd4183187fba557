// SPDX-License-Identifier: Apache-2.0
#include "pool/leftovers.h"

#include <sys/stat.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include "pool/disk_use.h"
#include "pool/scratch.h"

namespace offstage::pool {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::hours keeper_logs_kept{7 * 24};
constexpr std::chrono::seconds look_again{1};
constexpr std::chrono::milliseconds new_ones{10};  ///< what is newer than the start, or as old, was made for this daemon; clocks of files are coarse

/// nullopt: there is no such file. ctime: nobody can set it back.
std::optional<Wall> changed_at(const fs::path& file) {
  struct stat s {};
  if (::lstat(file.c_str(), &s) != 0) return std::nullopt;
  return Wall(std::chrono::seconds(s.st_ctim.tv_sec) + std::chrono::duration_cast<Micros>(std::chrono::nanoseconds(s.st_ctim.tv_nsec)));
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) out.push_back(it->path());
  return out;
}

std::vector<fs::path> old_keeper_logs(const fs::path& state, Wall now) {
  auto logs = entries(state / "keepers");
  std::erase_if(logs, [now](const fs::path& log) {
    const auto changed = changed_at(log);
    return log.extension() != ".log" || !changed || *changed >= now - keeper_logs_kept;
  });
  return logs;
}

/// Of keepers, and of looks at Blenders, of earlier daemons: keepers that live on start no Blender any more, but their workers may need a scene.
std::vector<fs::path> old_keeper_folders(const fs::path& state, Wall before) {
  auto folders = entries(state / "keepers");
  std::erase_if(folders, [before](const fs::path& folder) {
    const auto changed = changed_at(folder);
    return folder.extension() != ".tmp" || !changed || *changed >= before;
  });
  return folders;
}

/// Workers of a zygote of an earlier daemon have their scene open from there.
asio::awaitable<void> remove_when_free(Context& context, std::shared_ptr<bool> alive, std::vector<fs::path> folders) {
  asio::steady_timer pause(context.io);
  while (!folders.empty()) {
    pause.expires_after(look_again);
    co_await pause.async_wait(asio::use_awaitable);
    if (!*alive) co_return;
    std::erase_if(folders, [&context](const fs::path& folder) {
      if (in_use(folder)) return false;
      context.janitor.remove(folder);
      return true;
    });
  }
}

std::optional<AttemptId> owner(const fs::path& folder) { return AttemptId::parse(folder.filename().string()); }

}  // namespace

void remove_leftovers(Context& context, const std::shared_ptr<bool>& alive, const std::vector<AttemptId>& known, const std::vector<core::OpenAttempt>& open) {
  auto keep = std::make_shared<std::unordered_set<AttemptId>>(known.begin(), known.end());
  for (const core::OpenAttempt& attempt : open) keep->insert(attempt.id);
  const Wall before = Now::read().wall;
  asio::post(context.background, [keep, before, alive, &context] {
    for (const fs::path& folder : entries(context.options.state / "attempts")) {
      const auto id = owner(folder);
      if (id && keep->contains(*id)) continue;
      const auto changed = changed_at(folder);
      if (changed && *changed < before - new_ones) context.janitor.remove(folder);
    }
    std::vector<fs::path> used;
    for (const fs::path& folder : old_keeper_folders(context.options.state, before - new_ones)) {
      in_use(folder) ? used.push_back(folder) : context.janitor.remove(folder);
    }
    asio::co_spawn(context.io, remove_when_free(context, alive, std::move(used)), asio::detached);
    for (const fs::path& log : old_keeper_logs(context.options.state, before)) context.janitor.remove(log);
  });
}

void find_leftovers(Context& context, Fleet& fleet, const std::shared_ptr<bool>& alive, KnownAttempts known, bool remove,
                    std::function<void(std::vector<Leftover>)> done) {
  const auto look = [&context, remove, done](const std::vector<fs::path>& folders, const std::unordered_set<AttemptId>& owners) {
    std::vector<Leftover> found;
    const auto take = [&](Leftover::Kind kind, const fs::path& path) { found.push_back({kind, path, disk_use(path)}); };
    for (const fs::path& folder : folders) {
      const auto id = owner(folder);
      if (!id || !owners.contains(*id)) take(Leftover::Kind::attempt_folder, folder);
    }
    for (const fs::path& log : old_keeper_logs(context.options.state, Now::read().wall)) take(Leftover::Kind::keeper_log, log);
    for (const fs::path& rest : entries(context.options.state / "trash")) take(Leftover::Kind::trash, rest);
    for (const Leftover& one : found) {
      if (remove && one.kind != Leftover::Kind::trash) context.janitor.remove(one.path);
    }
    if (remove) context.janitor.empty_trash();
    return found;
  };
  asio::post(context.background, [&context, &fleet, alive, known = std::move(known), look, done = std::move(done)] {
    auto folders = entries(context.options.state / "attempts");
    asio::post(context.io, [&context, &fleet, alive, known, look, done, folders = std::move(folders)]() mutable {
      if (!*alive) return;
      std::vector<AttemptId> at_work;
      for (const auto& [id, worker] : fleet.workers()) at_work.push_back(id);
      asio::post(context.background, [&context, alive, known, look, done, at_work = std::move(at_work), folders = std::move(folders)]() mutable {
        auto owners = known();
        if (!owners) folders.clear();  // nobody can say what belongs to what
        std::unordered_set<AttemptId> all = owners ? std::move(*owners) : std::unordered_set<AttemptId>();
        all.insert(at_work.begin(), at_work.end());
        asio::post(context.io, [alive, done, found = look(folders, all)]() mutable {
          if (*alive) done(std::move(found));
        });
      });
    });
  });
}

}  // namespace offstage::pool
