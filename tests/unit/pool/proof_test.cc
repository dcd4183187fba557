// SPDX-License-Identifier: Apache-2.0
#include "pool/proof.h"

#include <gtest/gtest.h>

#include "unit/pool/temp_folder.h"

namespace offstage::pool {
namespace {

const Probe good{"00ff", true, true, 3.8};
Probe with_cores(double cores) {
  Probe out = good;
  out.cores = cores;
  return out;
}

TEST(Proof, the_same_picture_on_most_of_the_cores_is_proven) {
  EXPECT_EQ(compare(good, good, 4), "");
  EXPECT_EQ(compare(good, with_cores(2.3), 4), "");
}
TEST(Proof, one_core_of_many_is_refused_with_both_figures) { EXPECT_EQ(compare(with_cores(3.9), with_cores(1), 4), "a forked child used 1.0 of 3.9 cores"); }
TEST(Proof, cores_are_not_asked_on_a_single_one) { EXPECT_EQ(compare(with_cores(1), with_cores(0.4), 1), ""); }
TEST(Proof, another_picture_is_refused_on_any_machine) {
  Probe other = good;
  other.pixels = "00fe";
  EXPECT_NE(compare(good, other, 1), "");
}
TEST(Proof, a_format_that_works_cold_only_is_refused) {
  Probe fork = good, cold = good;
  fork.exr = false;
  EXPECT_NE(compare(cold, fork, 4).find("EXR"), std::string::npos);
  cold.exr = false;
  EXPECT_EQ(compare(cold, fork, 4), "");
}

TEST(Proof, a_probe_that_lacks_something_is_no_probe) {
  EXPECT_TRUE(parse_probe(R"({"pixels":"0","png":true,"exr":true,"cores":1.5,"more":1})"));
  for (const char* text : {"", "null", "[]", "{}", R"({"pixels":"0","png":1,"exr":true,"cores":1})"}) EXPECT_FALSE(parse_probe(text)) << text;
}

TEST(Proof, is_remembered_until_something_it_rests_on_changes) {
  const TempFolder folder;
  folder.write("worker/zygote.py", "1");
  Blender blender;
  blender.name = "4.5.0-blender";
  blender.version = {4, 5, 0};
  blender.path = folder.write("blender", "x", 0755);
  const std::string key = proof_key(blender, folder.path / "worker");
  Blender again = blender;
  EXPECT_FALSE(read_proof(again, folder.path, key));
  blender.proof = core::ForkProof::refused;
  blender.proof_reason = "a forked child used 1.0 of 3.9 cores";
  blender.fork_cores = 1;
  write_proof(blender, folder.path, key);
  ASSERT_TRUE(read_proof(again, folder.path, key));
  EXPECT_EQ(again.proof, core::ForkProof::refused);
  EXPECT_EQ(again.proof_reason, blender.proof_reason);
  EXPECT_EQ(again.fork_cores, 1);
  folder.write("worker/zygote.py", "2");
  EXPECT_NE(proof_key(blender, folder.path / "worker"), key);
  folder.write("worker/zygote.py", "1");
  EXPECT_EQ(proof_key(blender, folder.path / "worker"), key);
  folder.write("blender", "another one", 0755);
  EXPECT_NE(proof_key(blender, folder.path / "worker"), key);
}

}  // namespace
}  // namespace offstage::pool
