// SPDX-License-Identifier: Apache-2.0
//
// At most one deadline for each key, and which is the next. Exact: a cleared deadline wakes nobody, so an idle daemon sleeps.
//
// Thread: the core strand.
#pragma once

#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/time.h"

namespace offstage::core {

template <class Key>
class Timers {
 public:
  /// Replaces the key's earlier deadline.
  void set(const Key& key, Mono at) {
    clear(key);
    due_.emplace(key, at);
    order_.emplace(at, key);
  }
  void clear(const Key& key) {
    const auto found = due_.find(key);
    if (found == due_.end()) return;
    order_.erase({found->second, key});
    due_.erase(found);
  }
  bool has(const Key& key) const { return due_.contains(key); }
  std::size_t size() const { return due_.size(); }
  std::optional<Mono> next() const { return order_.empty() ? std::nullopt : std::optional(order_.begin()->first); }

  /// Takes the earliest key whose time has come.
  std::optional<Key> pop(Mono now) {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    const Key key = order_.begin()->second;
    clear(key);
    return key;
  }

 private:
  std::unordered_map<Key, Mono> due_;
  std::set<std::pair<Mono, Key>> order_;
};

}  // namespace offstage::core
