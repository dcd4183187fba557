// SPDX-License-Identifier: Apache-2.0
#include "base/copy_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <csignal>
#include <string>

#include "base/unique_fd.h"

namespace offstage {
namespace {

UniqueFd scratch() {
  std::string name = testing::TempDir() + "/offstage-copy-XXXXXX";
  UniqueFd fd(::mkstemp(name.data()));
  ::unlink(name.c_str());
  return fd;
}

std::string contents(int fd) {
  std::string out(static_cast<std::size_t>(::lseek(fd, 0, SEEK_END)), '\0');
  EXPECT_EQ(::pread(fd, out.data(), out.size(), 0), static_cast<ssize_t>(out.size()));
  return out;
}

TEST(CopyFile, all_of_it_wherever_the_source_stood) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3'000'001}}) {
    const UniqueFd from = scratch(), to = scratch();
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; i += 997) text[i] = static_cast<char>(i);
    ASSERT_EQ(::write(from.get(), text.data(), size), static_cast<ssize_t>(size));
    EXPECT_FALSE(copy_contents(from.get(), to.get()));
    EXPECT_EQ(contents(to.get()), text);
  }
}

TEST(CopyFile, a_file_that_says_it_is_empty_is_read_all_the_same) {
  const UniqueFd from(::open("/proc/version", O_RDONLY)), to = scratch();
  EXPECT_FALSE(copy_contents(from.get(), to.get()));
  EXPECT_EQ(contents(to.get()).substr(0, 5), "Linux");
}

TEST(CopyFile, no_room_is_said) {
  const UniqueFd from = scratch(), to = scratch();
  const std::string text(2 << 20, 'x');
  ASSERT_EQ(::write(from.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit usual{};
  ::getrlimit(RLIMIT_FSIZE, &usual);
  const rlimit small{1 << 20, usual.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::error_code error = copy_contents(from.get(), to.get());
  ::setrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, before);
  EXPECT_EQ(error, std::errc::file_too_large);
}

}  // namespace
}  // namespace offstage
