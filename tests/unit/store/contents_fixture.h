// SPDX-License-Identifier: Apache-2.0
//
// Blobs and inputs in a folder of their own, and files to put into them.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "fixture.h"
#include "store/contents.h"
#include "store/upload.h"

namespace offstage::store {

class WithContents : public testing::Test {
 protected:
  explicit WithContents(std::int64_t quota = 0) : contents_(folder_.path(), quota, 0) {
    const Status made = contents_.open();
    EXPECT_TRUE(made);
  }

  /// In pieces of `piece` bytes.
  Result<std::int64_t> write(const std::string& bytes, std::size_t piece = 1000) {
    auto upload = blobs_.upload(Sha256::of(bytes), static_cast<std::int64_t>(bytes.size()));
    if (!upload) return upload.error();
    Result<std::int64_t> written = (*upload)->append(0, {});
    for (std::size_t at = 0; at < bytes.size() && written; at += piece)
      written = (*upload)->append(static_cast<std::int64_t>(at), std::string_view(bytes).substr(at, piece));
    return written;
  }

  std::filesystem::path file(const std::string& name, const std::string& bytes) const {
    const auto path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  static std::string text(const std::filesystem::path& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
  }
  static struct stat stat_of(const std::filesystem::path& path) {
    struct stat s {};
    EXPECT_EQ(::stat(path.c_str(), &s), 0) << path;
    return s;
  }
  /// As if nobody had touched it for so long.
  static void age(const std::filesystem::path& path, std::chrono::seconds by) {
    timespec times[2] = {};
    ::clock_gettime(CLOCK_REALTIME, &times[1]);
    times[1].tv_sec -= by.count();
    times[0] = times[1];
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0) << path;
  }
  std::vector<ContentGarbage> collect(bool remove = true, std::chrono::seconds later = {}) {
    return contents_.collect([this](JobId job) { return jobs_.contains(job); }, Now::read().wall + later, remove);
  }

  TempFolder folder_;
  Contents contents_;
  Blobs& blobs_ = contents_.blobs;
  Inputs& inputs_ = contents_.inputs;
  std::set<JobId> jobs_;  ///< that exist
};

}  // namespace offstage::store
