// SPDX-License-Identifier: Apache-2.0
//
// Ended jobs whose time has come: deleted as a client would have it, unless something has happened to them since.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/stage.h"

namespace offstage::core {
namespace {

using fakes::attempt_id;
using fakes::job_id;
using fakes::no_spares;
using fakes::Stage;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

struct Expires : ::testing::Test {
  Stage stage{no_spares(1)};
  std::shared_ptr<std::string> reply = std::make_shared<std::string>("pending");

  void expire(std::uint8_t n, Revision revision) { stage.engine.expire({{job_id(n), revision, {attempt_id(10 + n)}}}, stage.now, stage.note(reply)); }
  bool deletes(std::uint8_t n) const {
    for (const auto& batch : stage.store.batches) {
      for (const auto& change : batch.changes) {
        if (const auto* row = std::get_if<JobDelete>(&change); row && row->id == job_id(n)) return true;
      }
    }
    return false;
  }
  Revision run(bool until_gone = true) {
    stage.submit(Stage::a_job(1));
    stage.idle(11);
    stage.commit();
    stage.started(11);
    stage.succeeded(11);
    if (until_gone) stage.gone(11);
    stage.commit();
    return stage.row(1)->revision;
  }
};

TEST_F(Expires, the_row_goes_without_haste_and_the_folder_after_its_commit) {
  expire(1, run());
  ASSERT_TRUE(deletes(1));
  EXPECT_TRUE(stage.store.batches.back().lazy);
  EXPECT_THAT(stage.pool.said, Not(Contains("forget 0b")));
  EXPECT_EQ(*reply, "pending");
  stage.commit();
  EXPECT_THAT(stage.pool.said, Contains("forget 0b"));
  EXPECT_EQ(*reply, "");
}

TEST_F(Expires, a_job_that_has_changed_since_the_look_stays) {
  expire(1, run() - 1);
  EXPECT_FALSE(deletes(1));
  EXPECT_EQ(*reply, "");
}

TEST_F(Expires, a_job_whose_process_is_not_gone_stays) {
  expire(1, run(false));
  EXPECT_FALSE(deletes(1));
}

TEST_F(Expires, a_live_job_stays) {
  stage.submit(Stage::a_job(1));
  stage.commit();
  expire(1, 1);
  EXPECT_FALSE(deletes(1));
  EXPECT_EQ(stage.state(1), JobState::queued);
}

TEST_F(Expires, a_job_of_before_the_last_restart_goes_and_not_twice) {
  stage.engine.restore(50, 5);
  expire(1, 40);
  EXPECT_TRUE(deletes(1));
  const std::size_t batches = stage.store.batches.size();
  expire(1, 40);
  EXPECT_EQ(stage.store.batches.size(), batches);
}

TEST_F(Expires, nothing_is_remembered_of_it) {
  const Revision revision = run();
  expire(1, revision);
  stage.commit();
  EXPECT_EQ(stage.engine.entries(), 0U);
}

}  // namespace
}  // namespace offstage::core
