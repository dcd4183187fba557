// SPDX-License-Identifier: Apache-2.0
//
// Figures of the store alone: store_bench FOLDER [JOBS]
//
// Creates JOBS jobs (1,000,000) in batches of 1,000, each one waited for, as one caller would; then reopens, loads them, lists them, ends a part of them.
// FOLDER must be private, empty and on the disk that is meant. Prints one JSON object; the figures of docs/design/store.md come from it.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>

#include "base/unique_fd.h"
#include "store/store.h"

using namespace offstage;
using namespace offstage::store;

namespace {

double seconds(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::int64_t rss_mb() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) >> 20;
}

double fdatasync_millis(const std::filesystem::path& folder) {
  const auto file = folder / "fsync-probe";
  const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  constexpr int kTimes = 50;
  const double all = seconds([&] {
    for (int i = 0; i < kTimes; ++i) {
      if (::pwrite(fd.get(), &i, sizeof i, i * 4096) != sizeof i || ::fdatasync(fd.get()) != 0) std::abort();
    }
  });
  std::filesystem::remove(file);
  return all / kTimes * 1e3;
}

core::JobInsert job(std::int64_t seq) {
  static const auto spec = std::make_shared<const std::string>(300, 's');
  core::JobInsert insert{.kind = {"4.5.0-blender", {}}, .display_name = "job " + std::to_string(seq), .labels_json = R"({"shot":"010"})", .spec = spec};
  insert.job = {
      .id = JobId::random(), .seq = seq, .revision = static_cast<core::Revision>(seq), .state = core::JobState::queued, .create_time = Now::read().wall};
  return insert;
}

std::unique_ptr<Store> open(const std::filesystem::path& folder) {
  auto store = Store::open(
      {.folder = folder}, [](core::Revision) {},
      [](const Error& e) {
        std::cerr << e.message << '\n';
        std::_Exit(1);
      });
  if (store) return std::move(*store);
  std::cerr << store.error().message << '\n';
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: store_bench FOLDER [JOBS]\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const std::int64_t jobs = argc > 2 ? std::atoll(argv[2]) : 1'000'000;
  constexpr std::int64_t kBatch = 1'000;

  auto store = open(folder);
  const double fsync = fdatasync_millis(folder);
  if (store->reader().last_seq() != 0) {
    std::cerr << folder << " is not empty\n";
    return 2;
  }
  std::vector<JobId> some;
  double first = 0, last = 0;  // of the first and last tenth
  const double create = seconds([&] {
    for (std::int64_t seq = 1; seq <= jobs;) {
      core::Batch batch;
      const double took = seconds([&] {
        for (std::int64_t i = 0; i < kBatch; ++i, ++seq) {
          batch.changes.push_back(job(seq));
          if (i == 0) some.push_back(std::get<core::JobInsert>(batch.changes.back()).job.id);
        }
        batch.revision = static_cast<core::Revision>(seq - 1);
        store->committer().submit(std::move(batch));
        store->committer().flush();
      });
      if (seq <= jobs / 10) first += took;
      if (seq > jobs - jobs / 10) last += took;
    }
  });
  const double close = seconds([&] { store.reset(); });
  const double reopen = seconds([&] { store = open(folder); });
  const std::int64_t rss_before = rss_mb();
  std::int64_t loaded = 0;
  const double load = seconds([&] { store->reader().live_jobs([&](const core::StoredJob&) { ++loaded; }); });
  const std::int64_t rss_after = rss_mb();
  if (loaded != jobs) std::abort();

  const auto newest = std::numeric_limits<std::int64_t>::max();
  const std::uint16_t rare = 1U << static_cast<unsigned>(core::JobState::running) | 1U << static_cast<unsigned>(core::JobState::cancelling);
  const double list = seconds([&] { (void)store->reader().list({}, newest, 50, 1 << 20); });
  const double list_rare = seconds([&] { (void)store->reader().list({.states = rare}, newest, 50, 1 << 20); });
  const double list_scan = seconds([&] { (void)store->reader().list({.labels = {{"shot", "none"}}}, newest, 50, 1 << 20); });
  const double prefix = seconds([&] { (void)store->reader().list({.ids = {{some[0], some[0]}}}, newest, 50, 1 << 20); });
  const double counts = seconds([&] { (void)store->reader().counts(); });
  core::Revision revision = static_cast<core::Revision>(jobs);
  const double one_by_one = seconds([&] {
    for (std::size_t i = 0; i < some.size(); ++i) {
      core::JobUpdate update{.seq = static_cast<std::int64_t>(i) * kBatch + 1, .id = some[i], .revision = ++revision, .state = core::JobState::running};
      store->committer().submit({.changes = {update}, .revision = revision});
      store->committer().flush();
    }
  });
  const double page = seconds([&] { (void)store->reader().changes({}, static_cast<core::Revision>(jobs), revision, 1'000); });

  std::printf(
      "{\"fdatasync_ms\": %.3f, \"jobs\": %ld, \"creates_per_s\": %.0f, \"creates_per_s_first_tenth\": %.0f, \"creates_per_s_last_tenth\": %.0f, \"close_s\": "
      "%.3f, "
      "\"reopen_s\": %.3f, \"load_s\": %.3f, \"rss_mb_before_load\": %ld, \"rss_mb_after_load\": %ld, \"list_50_ms\": %.3f, \"list_rare_state_ms\": %.3f, "
      "\"list_all_by_label_ms\": %.1f, \"prefix_ms\": %.3f, \"counts_ms\": %.1f, \"update_one_ms\": %.3f, \"changes_1000_ms\": %.2f, \"database_mb\": %ld}\n",
      fsync, static_cast<long>(jobs), static_cast<double>(jobs) / create, static_cast<double>(jobs) / 10 / first, static_cast<double>(jobs) / 10 / last, close,
      reopen, load, static_cast<long>(rss_before), static_cast<long>(rss_after), list * 1e3, list_rare * 1e3, list_scan * 1e3, prefix * 1e3, counts * 1e3,
      one_by_one / static_cast<double>(some.size()) * 1e3, page * 1e3, static_cast<long>(std::filesystem::file_size(folder / "state.sqlite3") >> 20));
}
