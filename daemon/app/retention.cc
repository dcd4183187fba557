// SPDX-License-Identifier: Apache-2.0
#include "app/retention.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/post.hpp>

#include "api/names.h"
#include "pool/disk_use.h"
#include "store/statement.h"

namespace offstage::app {
namespace {

constexpr std::size_t page_size = 256;
constexpr Micros pause = std::chrono::seconds(1), pause_after_error = std::chrono::minutes(1);

Mono at(Wall wall, Now now) { return now.mono + (wall - now.wall); }

}  // namespace

/// From the oldest end on.
struct Retention::Walk {
  Now now;
  Micros grace{0};
  bool dry_run = false;
  core::Revision seen = 0;
  std::optional<store::EndedJob> last;
  std::optional<std::int64_t> surplus;  ///< above the limit of bytes, and not yet removed
  api::Garbage expired{.kind = api::GarbageKind::expired_jobs}, beyond{.kind = api::GarbageKind::jobs_beyond_size};
  std::function<void(const Walk&, std::optional<Wall> due)> done;
};

struct Retention::Page {
  std::vector<core::EndedJob> jobs;
  std::optional<Wall> due;  ///< of the first that stays
  bool last = true;
};

// ---- when -------------------------------------------------------------------------------------------------------------------------------

void Retention::start(Now now) {
  if (options_.age > Micros{0} || options_.bytes > 0) due_ = now.mono + pause;
  measuring_ = true;
  measure_rest(0);
}

std::optional<Mono> Retention::next(Now now) {
  if (walking_ || stopping_) return std::nullopt;
  const core::Revision durable = engine_.durable();
  if (!due_ && options_.age > Micros{0} && durable != seen_) {
    seen_ = durable;
    due_ = now.mono + options_.age;
  }
  return due_;
}

void Retention::look(Now now) {
  if (walking_ || stopping_ || !due_ || *due_ > now.mono) return;
  walking_ = true;
  due_.reset();
  go_on(std::make_shared<Walk>(
      Walk{.now = now, .grace = options_.grace, .seen = engine_.durable(), .done = [this](const Walk& walk, std::optional<Wall> due) { done(walk, due); }}));
}

void Retention::done(const Walk& walk, std::optional<Wall> due) {
  walking_ = false;
  seen_ = walk.seen;
  total_ = walk.surplus.value_or(0) + options_.bytes;
  if (due) due_ = std::max(at(*due, walk.now), walk.now.mono + pause);
  if (walk.expired.count > 0) spdlog::info("{} jobs have expired, with {} bytes", walk.expired.count, walk.expired.bytes);
  if (walk.beyond.count > 0) spdlog::info("{} of the oldest ended jobs were removed for their size, with {} bytes", walk.beyond.count, walk.beyond.bytes);
}

// ---- a walk -----------------------------------------------------------------------------------------------------------------------------

void Retention::go_on(const std::shared_ptr<Walk>& walk) {
  pool_.in_background([this, walk] {
    auto page = std::make_shared<Page>();
    try {
      *page = read(*walk);
    } catch (const store::SqliteError& e) {
      spdlog::error("what has expired cannot be read: {}", e.what());
      page->due = walk->now.wall + pause_after_error;
    }
    asio::post(io_, [this, walk, page] { remove(walk, *page); });
  });
}

/// In the background; nobody else has the walk meanwhile.
Retention::Page Retention::read(Walk& walk) const {
  const store::Reader& reader = store_.reader();
  auto rows = reader.ended_jobs(page_size, walk.last ? &*walk.last : nullptr);
  if (!walk.surplus) walk.surplus = options_.bytes > 0 ? reader.folder_bytes() - options_.bytes : 0;
  Page page;
  for (store::EndedJob& row : rows) {
    const bool expired = options_.age > Micros{0} && row.end_time + options_.age <= walk.now.wall;
    const bool too_much = *walk.surplus > 0 && row.measured && row.end_time + walk.grace <= walk.now.wall;
    if (!expired && !too_much) {
      if (options_.age > Micros{0}) page.due = row.end_time + options_.age;
      if (*walk.surplus > 0) page.due = std::min(page.due.value_or(Wall::max()), row.end_time + walk.grace);
      return page;
    }
    if (options_.bytes > 0) *walk.surplus -= row.bytes;
    (expired ? walk.expired : walk.beyond).add(api::job_name(row.id), row.bytes);
    page.jobs.push_back({row.id, row.revision, std::move(row.attempts)});
  }
  page.last = rows.size() < page_size;
  if (!rows.empty()) walk.last = std::move(rows.back());
  return page;
}

void Retention::remove(const std::shared_ptr<Walk>& walk, const Page& page) {
  const auto next = [this, walk, due = page.due, last = page.last || stopping_](const Status&) { last ? walk->done(*walk, due) : go_on(walk); };
  if (page.jobs.empty() || walk->dry_run || stopping_) return next(Done{});
  engine_.expire(page.jobs, Now::read(), next);
}

// ---- offstage gc ------------------------------------------------------------------------------------------------------------------------

void Retention::collect(bool dry_run, Now now, api::GarbageReply reply) {
  go_on(std::make_shared<Walk>(Walk{.now = now, .dry_run = dry_run, .done = [this, dry_run, reply = std::move(reply)](const Walk& walk, std::optional<Wall>) {
                                      leftovers_.collect(dry_run, {walk.expired, walk.beyond}, reply);
                                    }}));
}

// ---- what folders take --------------------------------------------------------------------------------------------------------------------

void Retention::gone(AttemptId attempt) {
  unmeasured_.push_back(attempt);
  if (!measuring_) measure();
}

void Retention::measure() {
  measuring_ = !unmeasured_.empty();
  if (!measuring_) return;
  pool_.in_background([this, attempts = std::exchange(unmeasured_, {})] {
    asio::post(io_, [this, sizes = measured(attempts)]() mutable {
      keep(std::move(sizes));
      measure();
    });
  });
}

void Retention::measure_rest(std::int64_t after) {
  pool_.in_background([this, after] {
    store::UnmeasuredPage page;
    std::int64_t total = 0;
    try {
      page = store_.reader().unmeasured(after, page_size);
      total = store_.reader().folder_bytes();
    } catch (const store::SqliteError& e) {
      spdlog::error("the attempts cannot be read: {}", e.what());
    }
    asio::post(io_, [this, total, next = page.next, sizes = measured(page.attempts)]() mutable {
      total_ = total;
      keep(std::move(sizes));
      next != 0 && !stopping_ ? measure_rest(next) : measure();
    });
  });
}

/// In the background. Without tmp/, which is being removed.
Retention::Sizes Retention::measured(const std::vector<AttemptId>& attempts) const {
  Sizes sizes;
  for (const AttemptId& id : attempts) sizes.emplace_back(core::FolderSize{id, pool::disk_use(pool_.folder(id), "tmp")});
  return sizes;
}

void Retention::keep(Sizes sizes) {
  if (sizes.empty() || stopping_) return;
  for (const core::Change& size : sizes) total_ += std::get<core::FolderSize>(size).bytes;
  store_.committer().submit({.changes = std::move(sizes), .revision = 0, .lazy = true});
  if (options_.bytes == 0 || total_ <= options_.bytes) return;
  const Mono soon = Now::read().mono + pause;
  due_ = std::min(due_.value_or(soon), soon);
}

}  // namespace offstage::app
