// SPDX-License-Identifier: Apache-2.0
//
// What must not leave before its revision is durable: replies, GO, the acts of a cancel.
//
// Thread: the core strand.
#pragma once

#include <cstddef>
#include <functional>
#include <map>

#include "core/model.h"

namespace offstage::core {

class Gate {
 public:
  using Task = std::function<void()>;

  /// Runs it now if the revision is durable; in the order of revisions, and of calls within one.
  void after(Revision revision, Task task) {
    if (revision <= durable_) return task();
    waiting_.emplace(revision, std::move(task));
  }
  /// Older news than the newest changes nothing.
  void open(Revision durable) {
    if (durable <= durable_) return;
    durable_ = durable;
    while (!waiting_.empty() && waiting_.begin()->first <= durable_) {
      const Task task = std::move(waiting_.extract(waiting_.begin()).mapped());  // out of the map first: it may come back with more
      task();
    }
  }
  Revision durable() const { return durable_; }
  std::size_t size() const { return waiting_.size(); }

 private:
  std::multimap<Revision, Task> waiting_;
  Revision durable_ = 0;
};

}  // namespace offstage::core
