// SPDX-License-Identifier: Apache-2.0
#include "pool/procs.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "base/ids.h"
#include "pool/children.h"
#include "unit/pool/temp_folder.h"

namespace offstage::pool {
namespace {

class Processes : public ::testing::Test {
 protected:
  Child start(const std::string& shell, std::vector<std::pair<std::string, std::string>> environment = {}) {
    auto child = children_.spawn({.arguments = {"/bin/sh", "-c", shell}, .environment = std::move(environment)});
    EXPECT_TRUE(child);
    return std::move(*child);
  }
  static bool wait_end(const UniqueFd& pidfd) {
    pollfd p{pidfd.get(), POLLIN, 0};
    return ::poll(&p, 1, 30'000) == 1;
  }
  static core::ProcessId id_of(pid_t pid) { return {pid, stat_of(pid)->start_ticks}; }
  Children children_;
};

TEST_F(Processes, one_is_told_from_another_with_its_number_by_the_start_time) {
  const Child child = start("exec sleep 60");
  const auto id = id_of(child.pid);
  EXPECT_TRUE(open_process(id));
  EXPECT_FALSE(open_process(core::ProcessId{id.pid, id.start_ticks + 1}));
  EXPECT_FALSE(open_process(core::ProcessId{0, 0}));
  send_signal(child.pidfd, SIGKILL);
  ASSERT_TRUE(wait_end(child.pidfd));
  EXPECT_FALSE(open_process(id)) << "a zombie is dead";
  const auto exit = reap(child.pidfd);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGKILL);
  EXPECT_FALSE(reap(child.pidfd));
}

TEST_F(Processes, an_exit_code_is_read) {
  const Child child = start("exit 7");
  ASSERT_TRUE(wait_end(child.pidfd));
  EXPECT_TRUE(has_ended(child.pidfd));
  EXPECT_EQ(reap(child.pidfd)->exit_code, 7);
}

TEST_F(Processes, a_name_full_of_parentheses_does_not_confuse) {
  const TempFolder folder;
  std::filesystem::copy_file("/bin/sleep", folder.path / "a) 1 (b");
  auto child = children_.spawn({.arguments = {(folder.path / "a) 1 (b").string(), "60"}});
  ASSERT_TRUE(child);
  EXPECT_EQ(stat_of(child->pid)->parent, ::getpid());
  send_signal(child->pidfd, SIGKILL);
  wait_end(child->pidfd);
  reap(child->pidfd);
}

TEST_F(Processes, what_was_not_started_here_is_a_stray) {
  const Child child = start("exec sleep 60");
  EXPECT_TRUE(children_.strays([](pid_t) { return false; }).empty());
  children_.forget(child.pid);
  EXPECT_EQ(children_.strays([](pid_t) { return false; }), std::vector{child.pid});
  EXPECT_TRUE(children_.strays([&](pid_t pid) { return pid == child.pid; }).empty());
  send_signal(child.pidfd, SIGKILL);
  wait_end(child.pidfd);
  reap(child.pidfd);
}

TEST_F(Processes, those_with_the_mark_are_killed_but_for_the_kept_and_their_children) {
  const std::string mark = random_hex(8);
  const Child victim = start("exec sleep 60", {{"OFFSTAGE_STATE_ID", mark}});
  const Child longer = start("exec sleep 60", {{"OFFSTAGE_STATE_ID", mark + "0"}});
  const Child kept = start("sleep 60 & echo; wait", {{"OFFSTAGE_STATE_ID", mark}});
  EXPECT_EQ(kill_marked(mark, {kept.pid}, std::chrono::seconds(10)), 1U);
  EXPECT_FALSE(stat_of(victim.pid)) << "killed and reaped";
  EXPECT_TRUE(open_process(id_of(kept.pid)));
  EXPECT_TRUE(open_process(id_of(longer.pid)));
  EXPECT_GE(kill_marked(mark, {}, std::chrono::seconds(10)), 1U);
  EXPECT_EQ(kill_marked(mark, {}, std::chrono::seconds(10)), 0U);
  EXPECT_EQ(kill_marked(mark + "0", {}, std::chrono::seconds(10)), 1U);
}

TEST_F(Processes, the_highest_marked_ancestor_is_the_wrapper_around_a_keeper) {
  const std::string mark = random_hex(8);
  const TempFolder folder;
  const auto note = folder.path / "note";
  const Child wrapper =
      start("(sh -c 'sleep 60 & echo $! > " + note.string() + "; wait'; true); true", {{"OFFSTAGE_STATE_ID", mark}});  // a shell that runs a shell
  pid_t worker = 0;
  for (int i = 0; worker == 0 && i < 500; ++i) {
    std::ifstream(note) >> worker;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ASSERT_NE(worker, 0);
  EXPECT_EQ(marked_ancestor(worker, mark), wrapper.pid);
  EXPECT_EQ(marked_ancestor(worker, mark + "0"), 0);
  EXPECT_GE(kill_marked(mark, {}, std::chrono::seconds(10)), 1U);
}

TEST_F(Processes, no_descriptor_of_ours_is_inherited) {
  const TempFolder folder;
  const int leaky = ::dup(2);  // not close-on-exec
  const Child child = start("ls /proc/self/fd > '" + (folder.path / "fds").string() + "'");
  ASSERT_TRUE(wait_end(child.pidfd));
  reap(child.pidfd);
  ::close(leaky);
  std::ifstream fds(folder.path / "fds");
  int fd = 0, highest = 0;
  while (fds >> fd) highest = std::max(highest, fd);
  EXPECT_LE(highest, 3) << "0, 1, 2, and the folder that ls reads";
}

TEST_F(Processes, a_missing_program_is_an_error) { EXPECT_EQ(children_.spawn({.arguments = {"/nonexistent/blender"}}).error().reason, "SPAWN_FAILED"); }

}  // namespace
}  // namespace offstage::pool
