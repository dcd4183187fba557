// SPDX-License-Identifier: Apache-2.0
//
// Which ended jobs go, and when: a real store and core, a pool without Blenders, and a clock that is told. Ends are counted in seconds after `begin`.
#include "app/retention.h"

#include <gmock/gmock.h>

#include "unit/api/fake_pool.h"
#include "unit/store/fixture.h"

namespace offstage::app {
namespace {

using namespace std::chrono_literals;
using core::JobState;
using store::attempt_id;
using store::job_id;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::int64_t begin = 1'000'000;

struct Keeps : store::StoreTest {
  asio::io_context io;
  api::FakePool pool{folder.path() / "attempts"};
  struct : core::WatchPort {
    void changed(std::span<const JobId> jobs, core::Revision) override { seen.insert(seen.end(), jobs.begin(), jobs.end()); }
    std::vector<JobId> seen;
  } watch;
  std::unique_ptr<core::Engine> engine;
  std::unique_ptr<Leftovers> leftovers;
  std::unique_ptr<Retention> retention;
  core::Revision revision = 100;
  Now now{Mono(5000s), store::at(begin)};

  /// A job that ended `seconds` after the begin and whose only attempt left so many bytes.
  void ended(std::uint8_t number, std::int64_t seconds, std::int64_t bytes, JobState state = JobState::succeeded) {
    core::JobInsert insert = store::new_job(number);
    insert.job.revision = ++revision;
    core::JobUpdate update = store::update_of(number, ++revision, state);
    if (core::ended(state)) update.end_time = store::at(begin + seconds);
    core::AttemptWrite attempt{.id = attempt_id(number), .job = job_id(number), .job_seq = number, .state = core::AttemptState::succeeded};
    std::vector<core::Change> changes{insert, update, attempt};
    if (bytes >= 0) changes.emplace_back(core::FolderSize{attempt_id(number), bytes});
    write(std::move(changes), revision);
  }
  void open_retention(Micros age, std::int64_t bytes = 0) {
    engine = std::make_unique<core::Engine>(core::SchedulerOptions{}, store->committer(), pool, watch);
    engine->restore(reader().last_revision(), reader().last_seq());
    reader().live_jobs([this](const core::StoredJob& job) { engine->load(job); });
    leftovers = std::make_unique<Leftovers>(folder.path() / "state", *store, pool);
    retention = std::make_unique<Retention>(RetentionOptions{.age = age, .bytes = bytes}, io, *engine, *store, pool, *leftovers);
    retention->start(now);
    settle();
  }
  /// Until nothing goes on any more.
  void settle() {
    for (int round = 0; round < 20; ++round) {
      store->committer().flush();
      engine->on_durable(std::max<core::Revision>(durable, engine->durable()));
      io.restart();
      io.poll();
    }
  }
  void look_at(std::int64_t seconds) {
    const Micros later = store::at(begin + seconds) - now.wall;
    now.mono += later;
    now.wall += later;
    retention->look(now);
    settle();
  }
  std::vector<std::int64_t> left() const {
    auto rows = reader().list({}, store::kNewest, 10'000, store::kAll).rows;
    auto out = seqs(rows);
    std::ranges::reverse(out);
    return out;
  }
};

TEST_F(Keeps, what_ended_long_enough_ago_goes_with_its_folder_and_the_rest_stays) {
  ended(1, 0, 10);
  ended(2, 50, 10);
  open_retention(100s);
  look_at(99);
  EXPECT_THAT(left(), ElementsAre(1, 2));
  look_at(101);
  EXPECT_THAT(left(), ElementsAre(2));
  EXPECT_THAT(pool.forgotten, ElementsAre(attempt_id(1)));
  EXPECT_THAT(watch.seen, Contains(job_id(1)));
}

TEST_F(Keeps, a_live_job_is_never_touched_however_old) {
  ended(1, 0, 10, JobState::queued);
  ended(2, 0, 10);
  open_retention(1s, 1);
  look_at(1'000'000);
  EXPECT_THAT(left(), ElementsAre(1));
}

TEST_F(Keeps, it_sleeps_until_the_oldest_is_due_and_for_ever_when_nothing_is_left) {
  ended(1, 0, 10);
  ended(2, 500, 10);
  open_retention(1000s);
  look_at(10);
  ASSERT_TRUE(retention->next(now));
  EXPECT_EQ(*retention->next(now), now.mono + 990s);
  look_at(5000);
  EXPECT_THAT(left(), IsEmpty());
  ASSERT_EQ(retention->next(now), std::optional(now.mono + 1000s)) << "what was deleted is news, too: one more look";
  look_at(6001);
  EXPECT_FALSE(retention->next(now));
}

TEST_F(Keeps, a_job_that_ends_later_wakes_it_when_it_is_due_itself) {
  open_retention(100s);
  look_at(10);
  ASSERT_FALSE(retention->next(now));
  ended(1, 10, 10);
  settle();
  ASSERT_TRUE(retention->next(now));
  EXPECT_EQ(*retention->next(now), now.mono + 100s);
}

TEST_F(Keeps, no_age_and_no_size_keep_all_for_ever_and_wake_nobody) {
  ended(1, 0, 10);
  open_retention(0s);
  EXPECT_FALSE(retention->next(now));
  look_at(1'000'000);
  EXPECT_THAT(left(), ElementsAre(1));
}

TEST_F(Keeps, beyond_the_size_the_oldest_go_until_the_rest_fits) {
  for (std::uint8_t n = 1; n <= 4; ++n) ended(n, n, 100);
  open_retention(0s, 250);
  look_at(1000);
  EXPECT_THAT(left(), ElementsAre(3, 4));
  EXPECT_EQ(reader().folder_bytes(), 200);
}

TEST_F(Keeps, for_its_size_nothing_goes_within_a_minute_of_its_end) {
  ended(1, 0, 100);
  open_retention(0s, 50);
  look_at(59);
  EXPECT_THAT(left(), ElementsAre(1));
  look_at(61);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(Keeps, what_was_not_measured_yet_is_not_removed_for_its_size) {
  ended(1, 0, -1);
  ended(2, 1, 100);
  open_retention(0s, 50);
  EXPECT_EQ(reader().folder_bytes(), 100) << "the folder of the first is not there, and was measured as nothing";
  look_at(1000);
  EXPECT_THAT(left(), Not(Contains(2)));
}

TEST_F(Keeps, the_folder_of_an_attempt_is_measured_when_nothing_else_of_it_is_left) {
  ended(1, 0, -1);
  open_retention(0s, 1);
  ended(2, 0, -1);
  pool.log(attempt_id(2), std::string(100'000, 'x'));
  std::filesystem::create_directories(pool.folder(attempt_id(2)) / "tmp");
  std::ofstream(pool.folder(attempt_id(2)) / "tmp" / "scratch") << std::string(1'000'000, 'x');
  retention->gone(attempt_id(2));
  settle();
  EXPECT_GE(reader().folder_bytes(), 100'000);
  EXPECT_LT(reader().folder_bytes(), 1'000'000) << "tmp/ is on its way out";
  EXPECT_TRUE(reader().unmeasured(0, 10).attempts.empty());
}

TEST_F(Keeps, thousands_that_are_due_at_once_all_go) {
  std::vector<core::Change> changes;
  for (std::int64_t n = 1; n <= 1000; ++n) {
    core::JobInsert insert = store::new_job(n);
    core::JobUpdate update = store::update_of(n, static_cast<core::Revision>(1000 + n), JobState::cancelled);
    update.end_time = store::at(begin);
    changes.emplace_back(insert);
    changes.emplace_back(update);
  }
  write(std::move(changes), 2000);
  open_retention(1s);
  look_at(10);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(Keeps, a_job_that_was_retried_since_the_look_stays) {
  ended(1, 0, 10, JobState::failed);
  open_retention(0s);
  const auto old = reader().ended_jobs(10).at(0);
  engine->retry({.job = reader().job(job_id(1))->job, .kind = {"3.4.1-blender", {}}}, now, [](const Status& done) { EXPECT_TRUE(done); });
  engine->expire({{old.id, old.revision, old.attempts}}, now, [](const Status&) {});
  settle();
  EXPECT_THAT(left(), ElementsAre(1));
  engine->cancel(job_id(1), now, [](const Status&) {});  // it has ended again, a moment ago
  engine->expire({{old.id, old.revision, old.attempts}}, now, [](const Status&) {});
  settle();
  EXPECT_THAT(left(), ElementsAre(1));
  EXPECT_THAT(pool.forgotten, IsEmpty());
}

TEST_F(Keeps, what_belongs_to_nothing_goes_a_while_after_the_start_and_each_hour) {
  open_retention(0s);
  leftovers->start(now);
  const auto at = [&](Micros later) { return Now{now.mono + later, now.wall + later}; };
  EXPECT_EQ(leftovers->next(), std::optional(now.mono + 20s));
  leftovers->look(at(19s));
  EXPECT_EQ(pool.leftovers_removed, 0);
  leftovers->look(at(20s));
  EXPECT_EQ(pool.leftovers_removed, 1);
  EXPECT_EQ(leftovers->next(), std::optional(now.mono + 20s + 1h));
}

TEST_F(Keeps, a_collection_tells_the_same_when_dry_and_removes_without_grace) {
  for (std::uint8_t n = 1; n <= 4; ++n) ended(n, n * 100, 100);
  open_retention(250s, 150);
  now.wall = store::at(begin + 401);
  for (const bool dry : {true, false}) {
    std::vector<api::Garbage> found;
    retention->collect(dry, now, [&](const Result<std::vector<api::Garbage>>& garbage) { found = *garbage; });
    settle();
    ASSERT_THAT(found, SizeIs(2));
    EXPECT_EQ(found[0].kind, api::GarbageKind::expired_jobs);
    EXPECT_THAT(found[0].names, ElementsAre("jobs/" + job_id(1).hex()));
    EXPECT_EQ(found[1].kind, api::GarbageKind::jobs_beyond_size);
    EXPECT_EQ(found[1].count, 2);
    EXPECT_EQ(found[1].bytes, 200);
    EXPECT_THAT(left(), SizeIs(dry ? 4 : 1));
  }
}

TEST_F(Keeps, a_database_that_was_set_aside_is_told_and_left) {
  open_retention(0s);
  const auto aside = folder.path() / "state" / "state.sqlite3.damaged-20260101T000000Z";
  std::ofstream(aside) << "x";
  std::vector<api::Garbage> found;
  retention->collect(false, now, [&](const Result<std::vector<api::Garbage>>& garbage) { found = *garbage; });
  settle();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, api::GarbageKind::set_aside);
  EXPECT_THAT(found[0].names, ElementsAre(aside.string()));
  EXPECT_TRUE(std::filesystem::exists(aside));
}

}  // namespace
}  // namespace offstage::app
