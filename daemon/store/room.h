// SPDX-License-Identifier: Apache-2.0
//
// How much blobs and inputs may take together, and whether the disk has room for more: asked before anything is written, so that a full disk is prevented and
// not met.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <utility>

#include "base/result.h"

namespace offstage::store {

class Room {
 public:
  /// `quota`: 0 is none.
  Room(std::filesystem::path state, std::int64_t quota, std::int64_t low_water) : state_(std::move(state)), quota_(quota), low_water_(low_water) {}

  /// Room that is kept for somebody until he has used it, or goes.
  class Claim {
   public:
    Claim() = default;
    Claim(Claim&& other) noexcept : room_(std::exchange(other.room_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Claim& operator=(Claim&& other) noexcept {
      std::swap(room_, other.room_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Claim() {
      if (room_ != nullptr) room_->give_back(bytes_);
    }
    void used(std::int64_t bytes);  ///< so much of it lies on the disk now

   private:
    friend class Room;
    Claim(Room* room, std::int64_t bytes) : room_(room), bytes_(bytes) {}
    Room* room_ = nullptr;
    std::int64_t bytes_ = 0;
  };

  /// QUOTA_FULL, DISK_LOW. `on_disk`: it lies there already, and only changes hands.
  Result<Claim> claim(std::int64_t bytes, bool on_disk = false);
  void add(std::int64_t bytes);  ///< lies there; negative: was removed
  std::int64_t used() const;
  std::int64_t quota() const { return quota_; }

 private:
  void give_back(std::int64_t bytes);

  const std::filesystem::path state_;
  const std::int64_t quota_, low_water_;
  mutable std::mutex mutex_;
  std::int64_t used_ = 0, claimed_ = 0;
};

}  // namespace offstage::store
