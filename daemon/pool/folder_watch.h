// SPDX-License-Identifier: Apache-2.0
//
// Looks every two seconds, while attempts run, at what their folders take on the disk, and ends an attempt whose folder is beyond the limit: a script that
// writes without end must not take the disk from all others.
//
// A look costs a system call a file, so it runs in the background, and the next one waits ten times as long as it took.
//
// Thread: the core strand.
#pragma once

#include <asio/steady_timer.hpp>
#include <memory>

#include "pool/fleet.h"

namespace offstage::pool {

class FolderWatch {
 public:
  FolderWatch(Context& context, Fleet& fleet) : context_(context), fleet_(fleet), timer_(context.io) {}
  ~FolderWatch() { *alive_ = false; }
  /// An attempt runs, or is about to. Stops by itself.
  void start();

 private:
  using Sizes = std::vector<std::pair<AttemptId, std::int64_t>>;
  void wait(Micros pause);
  void look();
  void judge(const Sizes& sizes);

  Context& context_;
  Fleet& fleet_;
  asio::steady_timer timer_;
  bool watching_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace offstage::pool
