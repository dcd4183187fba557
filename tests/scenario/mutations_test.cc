// SPDX-License-Identifier: Apache-2.0
//
// The harness is tested, too: each bug that is seeded into the core must be found, and soon. What the bugs are stands where they are (grep seeded_bug).
//
// `scripts/chaos --mutations` prints the table of what caught which.
#include <gtest/gtest.h>

#include "base/faults.h"
#include "scenario/history.h"
#include "scenario/small.h"

#ifdef OFFSTAGE_FAULTS

namespace offstage::scenario {
namespace {

constexpr unsigned long most_histories = 3000, most_small_ones = 1000;

struct Found {
  unsigned long histories = 0;  ///< until it was found, or all
  std::string promise;          ///< that was broken, or nothing
};

template <class Next>
Found seek(Next next_history) {
  Found found;
  bool more = true;
  while (more && found.promise.empty()) {
    ++found.histories;
    try {
      more = next_history();
    } catch (const std::exception& e) {
      found.promise = e.what();
    }
  }
  return found;
}

Found by_chance() {
  unsigned long seed = 0;
  return seek([&] {
    History(++seed).run();
    return seed < most_histories;
  });
}

/// Whether the small histories alone would find it, and after how many of one plot.
Found by_all_small_ones() {
  Found least;
  for (const Plot& plot : plots()) {
    Path path;
    unsigned long histories = 0;
    const Found found = seek([&] {
      live_through(plot, path);
      return ++histories < most_small_ones && path.next();
    });
    if (!found.promise.empty() && (least.promise.empty() || found.histories < least.histories)) least = found;
  }
  return least;
}

struct Mutations : testing::TestWithParam<const char*> {
  Mutations() { seed_bug(GetParam()); }
  ~Mutations() override { seed_bug(""); }

  void record(const char* how, const Found& found) {
    RecordProperty(std::string(how) + "_histories", found.promise.empty() ? "" : std::to_string(found.histories));
    RecordProperty(std::string(how) + "_promise", found.promise);
  }
};

TEST_P(Mutations, are_found) {
  const Found chance = by_chance(), small = by_all_small_ones();
  record("chance", chance);
  record("small", small);
  EXPECT_NE(chance.promise, "") << GetParam() << " was not found in " << most_histories << " histories";
}

INSTANTIATE_TEST_SUITE_P(Core, Mutations,
                         testing::Values("go_before_commit", "reply_before_commit", "reuse_attempt_id", "end_before_death", "timeout_before_death",
                                         "success_after_cancel", "forget_cancel", "forget_attempt", "believe_late_news", "count_attempts_twice",
                                         "one_attempt_more", "lose_order", "lose_wakeup", "hide_deletions", "keep_slots", "lose_result", "repeat_revision",
                                         "keep_specs", "expire_as_read", "start_on_a_full_disk", "share_gpus", "forget_gpus"),
                         [](const auto& bug) { return std::string(bug.param); });

TEST(NoMutation, nothing_is_found) {
  const Found chance = by_chance();
  EXPECT_EQ(chance.promise, "");
  EXPECT_EQ(chance.histories, most_histories);
}

}  // namespace
}  // namespace offstage::scenario

#endif
