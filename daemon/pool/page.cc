// SPDX-License-Identifier: Apache-2.0
#include "pool/page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/unique_fd.h"

namespace offstage::pool {
namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t at_sequence = 8, at_fraction = 16, at_count = 24, at_phase = 32, at_length = 48, at_message = 64, at_flag = 2048;
constexpr std::size_t max_message = 1024;

Error unreadable(const std::filesystem::path& file, const char* why) {
  return {Code::internal, "PAGE_UNREADABLE", "the shared page " + file.string() + " cannot be used: " + why, "", "", {{"file", file.string()}}};
}

}  // namespace

Result<std::shared_ptr<Page>> Page::open(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return unreadable(file, std::strerror(errno));
  struct stat s {};
  if (::fstat(fd.get(), &s) != 0 || !S_ISREG(s.st_mode) || s.st_size < static_cast<off_t>(page_bytes)) return unreadable(file, "no file of 4,096 bytes");
  void* memory = ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return unreadable(file, std::strerror(errno));
  std::shared_ptr<Page> page(new Page(memory));
  if (std::memcmp(memory, "OFFSTAG1", 8) != 0) return unreadable(file, "its mark is missing");
  return page;
}

Page::~Page() { ::munmap(memory_, page_bytes); }

std::uint64_t Page::word(std::size_t offset) const {
  return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(memory_ + offset)).load(std::memory_order_acquire);
}

Progress Page::progress() const {
  Progress out;
  const double fraction = std::bit_cast<double>(word(at_fraction));
  out.count = word(at_count);
  out.fraction = out.count == 0 || !std::isfinite(fraction) || fraction < 0 ? -1 : std::min(fraction, 1.0);
  for (int tries = 0; tries < 8; ++tries) {  // a writer is in the middle for well under a microsecond; one that stays odd has died there
    const std::uint64_t before = word(at_sequence);
    if (before % 2 != 0) continue;
    std::string message(std::min<std::size_t>(word(at_length), max_message), '\0');
    std::memcpy(message.data(), memory_ + at_message, message.size());
    std::atomic_thread_fence(std::memory_order_acquire);
    if (word(at_sequence) != before) continue;
    out.message = std::move(message);
    break;
  }
  return out;
}

std::uint64_t Page::progress_count() const { return word(at_count); }

Page::Phase Page::phase() const { return static_cast<Phase>(std::min<std::uint64_t>(word(at_phase), 4)); }

void Page::raise_flag(int why) {
  std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(memory_ + at_flag)).store(static_cast<std::uint64_t>(why), std::memory_order_release);
}

int Page::flag() const { return static_cast<int>(word(at_flag)); }

}  // namespace offstage::pool
