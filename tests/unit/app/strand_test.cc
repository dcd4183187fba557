// SPDX-License-Identifier: Apache-2.0
#include "app/strand.h"

#include <gtest/gtest.h>

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <fstream>

#include "app/memory.h"
#include "base/ids.h"

namespace offstage::app {
namespace {

using namespace std::chrono_literals;

class StrandTest : public testing::Test {
 protected:
  Strand strand_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{strand_.io().get_executor()};  // as the daemon's signals are
};

TEST_F(StrandTest, a_deadline_that_has_come_is_due) {
  std::optional<Mono> deadline = BootClock::now() + 10ms;
  int calls = 0;
  strand_.run([&] { return deadline; },
              [&] {
                EXPECT_GE(BootClock::now(), *deadline);
                ++calls;
                strand_.stop();
              });
  EXPECT_EQ(calls, 1);
}

TEST_F(StrandTest, a_deadline_in_the_past_is_due_again_and_again_until_it_moves) {
  std::optional<Mono> deadline = Mono{};
  int calls = 0;
  strand_.run([&] { return deadline; },
              [&] {
                if (++calls == 3) strand_.stop();
              });
  EXPECT_EQ(calls, 3);
}

TEST_F(StrandTest, a_nearer_deadline_that_a_handler_brings_is_kept) {
  std::optional<Mono> deadline = BootClock::now() + 1h;
  asio::post(strand_.io(), [&] { deadline = BootClock::now() + 5ms; });
  bool due = false;
  strand_.run([&] { return deadline; },
              [&] {
                due = true;
                strand_.stop();
              });
  EXPECT_TRUE(due);
}

TEST_F(StrandTest, a_deadline_that_moved_away_is_not_due_early) {
  std::optional<Mono> deadline = BootClock::now() + 5ms;
  asio::post(strand_.io(), [&] { deadline = BootClock::now() + 60ms; });
  strand_.run([&] { return deadline; },
              [&] {
                EXPECT_GE(BootClock::now(), *deadline);
                strand_.stop();
              });
}

TEST_F(StrandTest, handlers_run_without_any_deadline) {
  int handled = 0;
  for (int i = 0; i < 3; ++i)
    asio::post(strand_.io(), [&] {
      if (++handled == 3) strand_.stop();
    });
  strand_.run([] { return std::nullopt; }, [] { FAIL() << "nothing was due"; });
  EXPECT_EQ(handled, 3);
}

class MemoryTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(file_); }
  std::optional<bool> look(int available) {
    std::ofstream(file_) << "MemTotal:     1000 kB\nMemFree:      1 kB\nMemAvailable: " << available << " kB\nBuffers:      1 kB\n";
    return watch_.look(now_ += 2s);
  }
  std::filesystem::path file_ = std::filesystem::temp_directory_path() / ("offstage-meminfo-" + random_hex(4));
  MemoryWatch watch_{file_};
  Mono now_{1h};
};

TEST_F(MemoryTest, short_is_told_once_and_taken_back_only_well_above_the_mark) {
  EXPECT_EQ(look(500), std::nullopt);
  EXPECT_EQ(look(99), true);
  EXPECT_EQ(look(50), std::nullopt);
  EXPECT_EQ(look(120), std::nullopt);
  EXPECT_EQ(look(200), false);
  EXPECT_EQ(look(120), std::nullopt);
}

TEST_F(MemoryTest, it_looks_at_most_once_a_second) {
  EXPECT_EQ(look(500), std::nullopt);
  std::ofstream(file_) << "MemTotal: 1000 kB\nMemAvailable: 1 kB\n";
  EXPECT_EQ(watch_.look(now_ + 500ms), std::nullopt);
  EXPECT_EQ(watch_.look(now_ + 1500ms), true);
}

TEST_F(MemoryTest, without_the_file_there_is_no_news) { EXPECT_EQ(MemoryWatch(file_ / "missing").look(now_), std::nullopt); }

TEST_F(MemoryTest, the_kernel_s_own_file_is_understood) { EXPECT_NO_THROW(MemoryWatch().look(now_)); }

}  // namespace
}  // namespace offstage::app
