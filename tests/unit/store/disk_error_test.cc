// SPDX-License-Identifier: Apache-2.0
//
// The n-th call of SQLite to its disk fails, for all n: with EIO, or for want of space; once, or from then on. The next start finds what was acknowledged.
#include <gmock/gmock.h>

#include "base/faults.h"
#include "fixture.h"
#include "history.h"
#include "power_cut.h"

namespace offstage::store {

using test::DiskOp;
using test::FailingVfs;
using test::Fault;
using test::PowerCut;

namespace {

std::string text(const Fault& fault) {
  return std::string(fault.kind == Fault::Kind::eio ? "EIO" : "ENOSPC") + (fault.for_good ? " from call " : " at call ") + std::to_string(fault.at);
}

class DiskErrors : public ::testing::TestWithParam<std::pair<Fault::Kind, bool>> {
 protected:
  void SetUp() override { contents = live_without_faults(disk); }

  /// A life with this fault, and a judgement by the next daemon: of what the kernel remembers, and of what it has really written.
  void live_and_judge(const Fault& fault) {
    const TempFolder folder(memory_disk());
    const auto state = folder.path() / "state";
    disk.watch(state, fault);
    live(state, disk);
    Told told;
    PowerCut cut;
    for (const DiskOp& op : disk.trace()) {
      cut.apply(op);
      told.hear(op);
    }
    failed = disk.has_failed();
    restart(state, told, cut, text(fault));
    add(text(fault) + ", then a restart", judge(state, contents, told).wrong);
    const auto after = folder.path() / "after";
    test::put_files(cut.synced(), after);
    add(text(fault) + ", then a restart and a power cut", judge(after, contents, told).wrong);
  }

  /// What the next daemon finds counts as acknowledged, since clients see it; `cut` is the disk at the moment they do.
  void restart(const std::filesystem::path& state, Told& told, PowerCut& cut, const std::string& where) {
    disk.watch(state);
    const auto opened = Store::open(
        {.folder = state, .ballast_bytes = 0}, [](core::Revision) {}, [](const Error&) {});
    if (!opened) return add(where + ", then a restart", opened.error().message);
    told.acknowledged = std::max(told.acknowledged, (*opened)->reader().last_revision());
    for (const DiskOp& op : disk.trace()) cut.apply(op);
  }

  void add(const std::string& where, const std::string& what) {
    ++judged;
    if (!what.empty()) wrong.push_back(where + ": " + what);
  }

  FailingVfs disk;
  RowsByRevision contents;
  bool failed = true;
  int judged = 0;
  std::vector<std::string> wrong;
};

}  // namespace

TEST_P(DiskErrors, at_any_call_lose_nothing_acknowledged) {
  const auto [kind, for_good] = GetParam();
  for (std::int64_t call = 1; failed; ++call) live_and_judge({kind, call, for_good});
  EXPECT_GT(judged, 400);
  EXPECT_THAT(wrong, ::testing::IsEmpty());
}

#ifdef OFFSTAGE_FAULTS
using DroppedPages = DiskErrors;

TEST_P(DroppedPages, after_a_failed_fsync_are_found_where_the_next_start_trusts_the_kernel) {
  seed_bug("trust_wal");
  const auto [kind, for_good] = GetParam();
  for (std::int64_t call = 1; failed && wrong.empty(); ++call) live_and_judge({kind, call, for_good});
  seed_bug("");
  EXPECT_THAT(wrong, ::testing::Contains(::testing::HasSubstr("acknowledged up to")));
}

INSTANTIATE_TEST_SUITE_P(All, DroppedPages, ::testing::Values(std::pair(Fault::Kind::eio, true)));
#endif

INSTANTIATE_TEST_SUITE_P(All, DiskErrors,
                         ::testing::Values(std::pair(Fault::Kind::eio, false), std::pair(Fault::Kind::eio, true), std::pair(Fault::Kind::enospc, false),
                                           std::pair(Fault::Kind::enospc, true)),
                         [](const auto& of) {
                           return std::string(of.param.first == Fault::Kind::eio ? "EIO_" : "ENOSPC_") + (of.param.second ? "for_good" : "once");
                         });

}  // namespace offstage::store
