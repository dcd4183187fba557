// SPDX-License-Identifier: Apache-2.0
//
// A store in a folder of its own, and jobs to put into it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <limits>
#include <string>

#include "store/store.h"

namespace offstage::store {

class TempFolder {
 public:
  explicit TempFolder(const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
    std::string name = (in / "offstage-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Where thousands of folders are made and left: no real disk has to be waited for.
inline std::filesystem::path memory_disk() {
  return ::access("/dev/shm", W_OK) == 0 ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
}

constexpr std::int64_t kNewest = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

inline Wall at(std::int64_t seconds) { return Wall(std::chrono::seconds(seconds)); }

/// An id whose first byte is chosen: the tests of prefixes need it. The rest tells `number`.
inline JobId job_id(std::int64_t number, std::uint8_t first = 0) {
  JobId id;
  id.bytes[0] = first;
  std::memcpy(&id.bytes[8], &number, sizeof number);
  return id;
}

inline AttemptId attempt_id(std::uint8_t number) {
  AttemptId id;
  id.bytes[15] = number;
  return id;
}

/// A queued job whose seq, revision and id follow from `number`.
inline core::JobInsert new_job(std::int64_t number, core::JobState state = core::JobState::queued) {
  core::JobInsert insert{
      .kind = {"3.4.1-blender", {}}, .display_name = "job", .labels_json = "{}", .spec = std::make_shared<const std::string>("spec " + std::to_string(number))};
  insert.job.id = job_id(number);
  insert.job.seq = number;
  insert.job.revision = static_cast<core::Revision>(number);
  insert.job.state = state;
  insert.job.create_time = at(number);
  return insert;
}

inline core::JobUpdate update_of(std::int64_t number, core::Revision revision, core::JobState state) {
  return {.seq = number, .id = job_id(number), .revision = revision, .state = state};
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { open(); }

  void open() {
    auto opened = Store::open(
        {.folder = folder.path() / "state"}, [this](core::Revision r) { durable = r; }, [](const Error& e) { FAIL() << e.message; });
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  void reopen() {
    store.reset();
    open();
  }

  /// Submits and waits.
  void write(std::vector<core::Change> changes, core::Revision revision) {
    store->committer().submit({.changes = std::move(changes), .revision = revision});
    store->committer().flush();
  }
  void write_jobs(std::int64_t first, std::int64_t last) {
    std::vector<core::Change> changes;
    for (std::int64_t number = first; number <= last; ++number) changes.emplace_back(new_job(number));
    write(std::move(changes), static_cast<core::Revision>(last));
  }
  const Reader& reader() const { return store->reader(); }

  TempFolder folder;
  std::atomic<core::Revision> durable = 0;
  std::unique_ptr<Store> store;
};

inline std::vector<std::int64_t> seqs(const std::vector<JobRow>& rows) {
  std::vector<std::int64_t> seqs;
  for (const JobRow& row : rows) seqs.push_back(row.job.seq);
  return seqs;
}

}  // namespace offstage::store
