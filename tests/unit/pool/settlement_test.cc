// SPDX-License-Identifier: Apache-2.0
#include "pool/settlement.h"

#include <gtest/gtest.h>

#include "offstage/v1/job.pb.h"
#include "results.h"

namespace offstage::pool {
namespace {

using core::AttemptState;

class SettlementTest : public testing::Test {
 protected:
  core::Outcome settle(core::FilesTold told, const std::string& deliver_to = "") {
    v1::JobSpec spec;
    spec.set_deliver_to(deliver_to);
    const auto bytes = std::make_shared<const std::string>(spec.SerializeAsString());
    core::Outcome outcome;
    outcome.state = AttemptState::succeeded;
    outcome.value_json = "42";
    outcome.files = std::move(told);
    EXPECT_TRUE(Settlement::needed(outcome));
    return Settlement{folder_.path, AttemptId::random(), JobId::random(), [bytes](JobId) { return bytes; }, stop_}.settle(outcome);
  }

  const TempFolder folder_, home_;
  const std::shared_ptr<std::atomic<bool>> stop_ = std::make_shared<std::atomic<bool>>(false);
};

TEST_F(SettlementTest, files_that_are_as_told_leave_the_success_as_it_is) {
  const auto outcome = settle(leave(folder_, {{"a", "1"}}));
  EXPECT_EQ(outcome.state, AttemptState::succeeded);
  EXPECT_EQ(outcome.value_json, "42");
  EXPECT_EQ(outcome.files.count, 1);
}

TEST_F(SettlementTest, a_success_whose_files_are_not_as_told_is_none) {
  const auto told = leave(folder_, {{"a", "1"}});
  folder_.write("out/a", "longer");
  const auto outcome = settle(told, (home_.path / "x").string());
  EXPECT_EQ(outcome.state, AttemptState::failed);
  EXPECT_EQ(outcome.failure.reason, core::Reason::result_invalid);
  EXPECT_EQ(outcome.value_json, "");
  EXPECT_FALSE(std::filesystem::exists(home_.path / "x"));
}

TEST_F(SettlementTest, files_are_delivered_before_the_success_is_told) {
  EXPECT_EQ(settle(leave(folder_, {{"a", "1"}}), (home_.path / "x").string()).state, AttemptState::succeeded);
  EXPECT_EQ(content_of(home_.path / "x/a"), "1");
}

TEST_F(SettlementTest, a_delivery_that_fails_fails_the_attempt) {
  home_.write("x", "no folder");
  const auto outcome = settle(leave(folder_, {{"a", "1"}}), (home_.path / "x").string());
  EXPECT_EQ(outcome.state, AttemptState::failed);
  EXPECT_NE(outcome.failure.message.find("x/a"), std::string::npos) << outcome.failure.message;
}

TEST_F(SettlementTest, what_is_cancelled_is_not_delivered) {
  *stop_ = true;
  EXPECT_EQ(settle(leave(folder_, {{"a", "1"}}), (home_.path / "x").string()).state, AttemptState::cancelled);
  EXPECT_FALSE(std::filesystem::exists(home_.path / "x/a"));
}

TEST(Settlement, only_a_success_with_files_needs_it) {
  core::Outcome outcome;
  outcome.state = AttemptState::succeeded;
  EXPECT_FALSE(Settlement::needed(outcome));
  outcome.files.manifest_sha256 = "00";
  EXPECT_TRUE(Settlement::needed(outcome));
  outcome.state = AttemptState::failed;
  EXPECT_FALSE(Settlement::needed(outcome));
}

}  // namespace
}  // namespace offstage::pool
