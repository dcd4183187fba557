// SPDX-License-Identifier: Apache-2.0
//
// Kinds of worker by number: a job's hot record holds four bytes instead of a name and a list of variables.
//
// Numbers are made up anew at each start and never reused; rows in the store hold the kind itself. Zero is no kind.
//
// Thread: the core strand.
#pragma once

#include <map>
#include <vector>

#include "core/model.h"

namespace offstage::core {

class Kinds {
 public:
  KindId intern(const Kind& kind) {
    const auto [entry, fresh] = ids_.try_emplace(kind, static_cast<KindId>(kinds_.size() + 1));
    const KindId id = entry->second;
    if (!fresh) return id;
    kinds_.push_back(&entry->first);
    pristine_.push_back(id);
    if (!kind.scene.empty()) {
      Kind pristine = kind;
      pristine.scene.clear();
      const KindId without = intern(pristine);
      pristine_[id - 1] = without;
    }
    return id;
  }
  /// Zero: not seen yet.
  KindId find(const Kind& kind) const {
    const auto found = ids_.find(kind);
    return found == ids_.end() ? 0 : found->second;
  }
  const Kind& at(KindId id) const { return *kinds_.at(id - 1); }
  /// The same without its scene: itself, if it has none.
  KindId pristine(KindId id) const { return pristine_.at(id - 1); }

 private:
  std::map<Kind, KindId> ids_;
  std::vector<const Kind*> kinds_;  // into ids_, whose nodes stay where they are
  std::vector<KindId> pristine_;    // by id
};

}  // namespace offstage::core
