// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "integration/pool_processes/pool_stage.h"

namespace offstage::pool {
namespace {

class Proof : public PoolStage {
 protected:
  ~Proof() override { ::unsetenv("FAKE_BLENDER"); }
};

TEST_F(Proof, the_same_picture_on_as_many_cores_is_proven_and_remembered) {
  open();
  EXPECT_EQ(proofs_[0].proof, core::ForkProof::proven) << proofs_[0].reason;
  EXPECT_EQ(proofs_[0].blender, fake_);
  const auto catalog = pool_->catalog().snapshot();
  ASSERT_EQ(catalog->blenders.size(), 1U);
  EXPECT_GT(catalog->blenders[0].cold_cores, 0);
  bool done = false;
  pool_->shutdown(true, [&done] { done = true; });
  ASSERT_TRUE(run_until([&done] { return done; }));
  pool_.reset();
  proofs_.clear();
  std::filesystem::remove_all(root_ / "state" / "keepers");
  open();
  EXPECT_EQ(proofs_[0].proof, core::ForkProof::proven);
  EXPECT_TRUE(std::filesystem::is_empty(root_ / "state" / "keepers")) << "a cached proof started a Blender";
}

TEST_F(Proof, another_picture_is_refused) {
  ::setenv("FAKE_BLENDER", "refuse_proof", 1);
  open();
  EXPECT_EQ(proofs_[0].proof, core::ForkProof::refused);
  EXPECT_EQ(proofs_[0].reason, "a forked child rendered another picture than a cold start");
}

TEST_F(Proof, an_unfit_zygote_is_refused_with_its_own_words) {
  ::setenv("FAKE_BLENDER", "unfit", 1);
  open();
  EXPECT_EQ(proofs_[0].proof, core::ForkProof::refused);
  EXPECT_EQ(proofs_[0].reason, "not quiet before a fork: tbb");
}

}  // namespace
}  // namespace offstage::pool
