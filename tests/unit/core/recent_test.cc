// SPDX-License-Identifier: Apache-2.0
#include "core/recent.h"

#include <gtest/gtest.h>

namespace offstage::core {
namespace {

Job job(std::uint8_t n) {
  Job job;
  job.id.bytes[0] = n;
  return job;
}

TEST(RecentJobs, the_oldest_is_forgotten_first) {
  RecentJobs recent(2);
  recent.add(job(1), false);
  recent.add(job(2), false);
  recent.add(job(3), true);
  EXPECT_FALSE(recent.find(job(1).id));
  EXPECT_FALSE(recent.find(job(2).id)->deleted);
  EXPECT_TRUE(recent.find(job(3).id)->deleted);
}

TEST(RecentJobs, one_that_came_back_is_as_young_as_its_last_end) {
  RecentJobs recent(2);
  recent.add(job(1), false);
  recent.remove(job(1).id);
  recent.add(job(2), false);
  recent.add(job(1), false);
  EXPECT_TRUE(recent.find(job(1).id));
  EXPECT_TRUE(recent.find(job(2).id));
}

}  // namespace
}  // namespace offstage::core
