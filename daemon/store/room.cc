// SPDX-License-Identifier: Apache-2.0
#include "store/room.h"

#include <algorithm>

#include "store/ballast.h"

namespace offstage::store {

Result<Room::Claim> Room::claim(std::int64_t bytes, bool on_disk) {
  const std::int64_t free = free_bytes(state_);
  const std::lock_guard lock(mutex_);
  if (quota_ > 0 && bytes > quota_ - used_ - claimed_) {
    return Error{.code = Code::resource_exhausted,
                 .reason = "QUOTA_FULL",
                 .message = "blobs and inputs take " + std::to_string(used_ + claimed_) + " of " + std::to_string(quota_) + " bytes: there is no room for " +
                            std::to_string(bytes) + " more",
                 .hint = "delete jobs whose inputs are not needed, then `offstage gc`; the daemon's option blob_bytes is the limit",
                 .fields = {{"used_bytes", std::to_string(used_ + claimed_)}, {"blob_bytes", std::to_string(quota_)}}};
  }
  if (!on_disk && free >= 0 && bytes > free - low_water_ - claimed_) {
    return Error{.code = Code::resource_exhausted,
                 .reason = "DISK_LOW",
                 .message = "the disk of the daemon's state folder has no room for " + std::to_string(bytes) + " bytes more",
                 .hint = "free space on it; `offstage gc` removes what no job needs",
                 .fields = {{"folder", state_.string()}, {"free_bytes", std::to_string(free)}}};
  }
  claimed_ += bytes;
  return Claim(this, bytes);
}

void Room::Claim::used(std::int64_t bytes) {
  const std::lock_guard lock(room_->mutex_);
  room_->used_ += bytes;
  bytes = std::min(bytes, bytes_);
  room_->claimed_ -= bytes;
  bytes_ -= bytes;
}

void Room::add(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  used_ += bytes;
}

std::int64_t Room::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

void Room::give_back(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  claimed_ -= bytes;
}

}  // namespace offstage::store
