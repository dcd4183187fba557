// SPDX-License-Identifier: Apache-2.0
#include "pool/catalog_store.h"

#include <algorithm>

namespace offstage::pool {

std::shared_ptr<const CatalogSnapshot> CatalogStore::snapshot() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

std::shared_ptr<const CatalogSnapshot> CatalogStore::wait(Micros patience) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return current_->complete; });
  return current_;
}

void CatalogStore::publish(CatalogSnapshot snapshot) {
  const std::scoped_lock lock(mutex_);
  current_ = std::make_shared<const CatalogSnapshot>(std::move(snapshot));
  changed_.notify_all();
}

std::optional<Blender> CatalogStore::find(const std::string& name) const {
  const auto all = snapshot();
  const auto it = std::find_if(all->blenders.begin(), all->blenders.end(), [&name](const Blender& b) { return b.name == name; });
  return it == all->blenders.end() ? std::nullopt : std::optional(*it);
}

void CatalogStore::update(const Blender& blender) {
  CatalogSnapshot next = *snapshot();  // one writer: the core strand
  for (Blender& b : next.blenders) {
    if (b.name == blender.name) b = blender;
  }
  publish(std::move(next));
}

}  // namespace offstage::pool
