// SPDX-License-Identifier: Apache-2.0
//
// Holds the published snapshot of the Blenders: replaced whole, never changed.
//
// Thread: any; a lock inside.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "pool/catalog.h"

namespace offstage::pool {

class CatalogStore : public Catalog {
 public:
  std::shared_ptr<const CatalogSnapshot> snapshot() const override;
  std::shared_ptr<const CatalogSnapshot> wait(Micros patience) const override;
  void publish(CatalogSnapshot snapshot);
  /// The one with this name; nullopt: none.
  std::optional<Blender> find(const std::string& name) const;
  /// Replaces the one with the same name.
  void update(const Blender& blender);

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::shared_ptr<const CatalogSnapshot> current_ = std::make_shared<CatalogSnapshot>();
};

}  // namespace offstage::pool
