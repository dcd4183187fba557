// SPDX-License-Identifier: Apache-2.0
//
// The power goes at every single call of SQLite to its disk. What was acknowledged is there, what was not is wholly there or not at all.
#include "power_cut.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "base/faults.h"
#include "fixture.h"
#include "history.h"

namespace offstage::store {

using test::DiskOp;
using test::FailingVfs;
using test::Files;
using test::PowerCut;
using test::put_files;

namespace {

constexpr std::uint64_t kSubsets = 3;  // random ones, at each point

class PowerCuts : public ::testing::Test {
 protected:
  /// Of what a disk holds after the cut.
  Verdict open_anew(const Files& files, const Told& told) {
    const TempFolder folder(memory_disk());
    put_files(files, folder.path() / "state");
    return judge(folder.path() / "state", contents, told);
  }

  void lives() {
    contents = live_without_faults(disk);
    trace = disk.trace();
  }

  /// `judge_at` at each point of the trace.
  void at_each_point(const std::function<void(std::size_t point, const PowerCut& at, const Told& told)>& judge_at) {
    PowerCut cut;
    Told told;
    for (std::size_t point = 0; point < trace.size() && !(one_is_enough && !wrong.empty()); ++point) {
      cut.apply(trace[point]);
      told.hear(trace[point]);
      judge_at(point, cut, told);
    }
  }

  void cut_everywhere() {
    at_each_point([&](std::size_t point, const PowerCut& at, const Told& told) {
      const std::string where = "cut at " + std::to_string(point);
      add(where, open_anew(at.synced(), told).wrong);
      for (std::uint64_t subset = 0; subset < kSubsets; ++subset) {
        const std::uint64_t seed = point * kSubsets + subset;
        add(where + ", seed " + std::to_string(seed), open_anew(at.synced_and_some(seed), told).wrong);
      }
    });
  }

  void kill_everywhere_and_cut() {
    at_each_point([&](std::size_t point, const PowerCut& at, Told told) {
      const TempFolder folder(memory_disk());
      const auto state = folder.path() / "state";
      put_files(at.cached(), state);
      disk.watch(state);
      PowerCut cut = at;
      {
        const auto opened = Store::open(
            {.folder = state, .ballast_bytes = 0}, [](core::Revision) {}, [](const Error&) {});
        ASSERT_TRUE(opened) << opened.error().message;
        told.acknowledged = (*opened)->reader().last_revision();
        for (const DiskOp& op : disk.trace()) cut.apply(op);
      }
      add("killed at " + std::to_string(point) + ", then cut", open_anew(cut.synced(), told).wrong);
    });
  }

  void add(const std::string& where, const std::string& what) {
    ++judged;
    if (!what.empty()) wrong.push_back(where + ": " + what);
  }

  FailingVfs disk;
  RowsByRevision contents;
  std::vector<DiskOp> trace;
  bool one_is_enough = false;
  int judged = 0;
  std::vector<std::string> wrong;
};

}  // namespace

TEST_F(PowerCuts, the_history_is_worth_cutting) {
  lives();
  const auto count = [&](DiskOp::Kind kind) { return std::ranges::count(trace, kind, &DiskOp::kind); };
  EXPECT_GT(count(DiskOp::Kind::write), 200);
  EXPECT_GT(count(DiskOp::Kind::sync), 15);
  EXPECT_EQ(contents.size(), 13U);
  EXPECT_EQ(contents.rbegin()->first, 32U);
}

TEST_F(PowerCuts, lose_nothing_acknowledged_and_leave_nothing_by_half) {
  lives();
  cut_everywhere();
  EXPECT_GT(judged, 1'000);
  EXPECT_THAT(wrong, ::testing::IsEmpty());
}

TEST_F(PowerCuts, the_death_of_the_process_alone_loses_nothing_either) {
  lives();
  at_each_point(
      [&](std::size_t point, const PowerCut& at, const Told& told) { add("killed at " + std::to_string(point), open_anew(at.cached(), told).wrong); });
  EXPECT_THAT(wrong, ::testing::IsEmpty());
}

// The writer was killed before its fsync. The next daemon finds the commit in the kernel's memory and tells clients of it: from then on it must last.
TEST_F(PowerCuts, what_a_daemon_has_shown_after_a_kill_is_not_lost_by_a_power_cut) {
  lives();
  kill_everywhere_and_cut();
  EXPECT_THAT(wrong, ::testing::IsEmpty());
}

#ifdef OFFSTAGE_FAULTS
class SeededBugs : public PowerCuts {
 protected:
  SeededBugs() { one_is_enough = true; }
  ~SeededBugs() override { seed_bug(""); }
};

TEST_F(SeededBugs, a_commit_without_fsync_is_found) {
  seed_bug("skip_fsync");
  lives();
  cut_everywhere();
  EXPECT_THAT(wrong, ::testing::Contains(::testing::HasSubstr("acknowledged up to")));
}

TEST_F(SeededBugs, an_acknowledgement_before_the_commit_is_found) {
  seed_bug("ack_before_commit");
  lives();
  cut_everywhere();
  EXPECT_THAT(wrong, ::testing::Contains(::testing::HasSubstr("acknowledged up to")));
}

TEST_F(SeededBugs, a_start_that_trusts_what_the_kernel_remembers_is_found) {
  seed_bug("trust_wal");
  lives();
  kill_everywhere_and_cut();
  EXPECT_THAT(wrong, ::testing::Contains(::testing::HasSubstr("acknowledged up to")));
}
#endif

}  // namespace offstage::store
