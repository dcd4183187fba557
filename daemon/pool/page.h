// SPDX-License-Identifier: Apache-2.0
//
// The page that daemon and worker share: progress and phase one way, the cancel flag the other. Layout in daemon/worker/WIRE.md.
//
// The worker's call is a memory write; nothing here makes a system call once the page is mapped. Whatever a lying worker writes is bounded here.
//
// Thread: any, without locks: each field is one aligned word, the message is guarded by its sequence number.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "pool/pool.h"

namespace offstage::pool {

class Page {
 public:
  enum class Phase : std::uint8_t { idle, prepared, running, ended, no_room };

  /// Maps `<attempt folder>/page`. PAGE_UNREADABLE: missing, no regular file of ours, too short, or without the mark.
  static Result<std::shared_ptr<Page>> open(const std::filesystem::path& file);
  ~Page();
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  Progress progress() const;
  std::uint64_t progress_count() const;
  Phase phase() const;
  void raise_flag(int why);
  int flag() const;
  /// True: nothing of the user's can have run.
  bool untouched() const { return phase() <= Phase::prepared; }

 private:
  explicit Page(void* memory) : memory_(static_cast<std::uint8_t*>(memory)) {}
  std::uint64_t word(std::size_t offset) const;
  std::uint8_t* memory_;
};

}  // namespace offstage::pool
