// SPDX-License-Identifier: Apache-2.0
#include "core/queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace offstage::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class QueueTest : public ::testing::Test {
 protected:
  Job& add(std::int64_t seq, std::int16_t priority, KindId kind = 1) {
    Job& job = jobs_.emplace_back();
    job.seq = seq;
    job.priority = priority;
    job.kind = kind;
    queue_.add(job);
    return job;
  }
  std::vector<std::int64_t> order() {
    Queue::Merge merge;
    for (const auto& [key, lane] : queue_.lanes()) merge.add(lane);
    std::vector<std::int64_t> seqs;
    while (const Job* job = merge.next()) seqs.push_back(job->seq);
    return seqs;
  }

  Queue queue_;
  std::deque<Job> jobs_;
};

TEST_F(QueueTest, larger_priority_first_then_order_of_submit_across_lanes) {
  add(1, 0, 1);
  add(2, 5, 2);
  add(3, 0, 2);
  add(4, 5, 1);
  add(5, -1, 3);
  EXPECT_THAT(order(), ElementsAre(2, 4, 1, 3, 5));
}

TEST_F(QueueTest, a_removed_job_is_passed_over_and_an_empty_lane_is_gone) {
  Job& only = add(1, 0, 1);
  add(2, 0, 2);
  queue_.remove(only);
  queue_.remove(only);
  EXPECT_THAT(order(), ElementsAre(2));
  EXPECT_EQ(queue_.lanes().size(), 1U);
}

TEST_F(QueueTest, what_a_merge_has_given_may_be_removed_while_it_goes_on) {
  for (int seq = 1; seq <= 4; ++seq) add(seq, 0, 1 + seq % 2);
  Queue::Merge merge;
  for (const auto& [key, lane] : queue_.lanes()) merge.add(lane);
  std::vector<std::int64_t> seqs;
  while (const Job* job = merge.next()) {
    seqs.push_back(job->seq);
    queue_.remove(*job);
  }
  EXPECT_THAT(seqs, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(queue_.lanes(), IsEmpty());
}

}  // namespace
}  // namespace offstage::core
