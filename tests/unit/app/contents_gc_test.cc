// SPDX-License-Identifier: Apache-2.0
//
// When blobs and inputs are looked for, and that those of jobs stay: a real store and core, a pool without Blenders, and a clock that is told.
#include "app/contents_gc.h"

#include <gtest/gtest.h>

#include <fstream>

#include "unit/api/fake_pool.h"
#include "unit/store/fixture.h"

namespace offstage::app {
namespace {

using namespace std::chrono_literals;
using store::job_id;

struct ContentsGcTest : store::StoreTest {
  asio::io_context io;
  api::FakePool pool{folder.path() / "attempts"};
  struct : core::WatchPort {
    void changed(std::span<const JobId>, core::Revision) override {}
  } watch;
  std::unique_ptr<core::Engine> engine;
  std::unique_ptr<ContentsGc> gc;
  Now now = Now::read();

  void open() {
    engine = std::make_unique<core::Engine>(core::SchedulerOptions{}, store->committer(), pool, watch);
    engine->restore(reader().last_revision(), reader().last_seq());
    gc = std::make_unique<ContentsGc>(io, *engine, *store, pool);
    gc->start(now);
  }
  std::filesystem::path inputs_of(std::uint8_t number) {
    const auto path = store::inputs_folder(folder.path() / "state", job_id(number));
    std::filesystem::create_directories(path);
    std::ofstream(path / "a") << "12345";
    return path;
  }
};

TEST_F(ContentsGcTest, looks_soon_after_a_start_and_then_only_after_changes) {
  open();
  EXPECT_EQ(gc->next(now), std::optional(now.mono + 1s));
  now.mono += 1s;
  gc->look(now);
  EXPECT_FALSE(gc->next(now)) << "an idle daemon sleeps";
  store->contents().room.add(1);
  EXPECT_EQ(gc->next(now), std::optional(now.mono + 10min));
  now.mono += 5min;
  gc->look(now);
  EXPECT_EQ(gc->next(now), std::optional(now.mono + 5min)) << "not before";
}

TEST_F(ContentsGcTest, inputs_of_jobs_stay_and_those_of_none_go) {
  core::JobInsert insert = store::new_job(1);
  insert.job.revision = 1;
  write({insert}, 1);
  const auto kept = inputs_of(1), lost = inputs_of(2);
  open();
  EXPECT_EQ(store->contents().room.used(), 10);
  std::vector<api::Garbage> told;
  gc->collect(false, [&](std::vector<api::Garbage> found) { told = std::move(found); });
  io.poll();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front().kind, api::GarbageKind::inputs);
  EXPECT_EQ(told.front().bytes, 5);
  EXPECT_EQ(told.front().names, std::vector<std::string>{lost.string()});
  EXPECT_TRUE(std::filesystem::exists(lost));
  now.mono += 1s;
  gc->look(now);
  EXPECT_FALSE(std::filesystem::exists(lost));
  EXPECT_TRUE(std::filesystem::exists(kept / "a"));
  EXPECT_EQ(store->contents().room.used(), 5);
}

}  // namespace
}  // namespace offstage::app
