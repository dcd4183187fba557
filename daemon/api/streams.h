// SPDX-License-Identifier: Apache-2.0
//
// The streams that are open, so that a stopping server can end them, and so that there are not too many.
//
// Thread: any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace offstage::api {

/// Something that can be told to look at the world again. (stream.h)
class Wakeable {
 public:
  virtual ~Wakeable() = default;
  /// Any thread; does not block, and may be called too often.
  virtual void wake() = 0;
};

class Streams {
 public:
  explicit Streams(std::size_t most) : most_(most) {}
  /// False: there are too many.
  bool add(const std::shared_ptr<Wakeable>& stream) {
    const std::lock_guard lock(mutex_);
    return open_.size() < most_ && open_.emplace(stream.get(), stream).second;
  }
  void remove(const Wakeable* stream) {
    const std::lock_guard lock(mutex_);
    open_.erase(stream);
  }
  void wake_all() {
    std::vector<std::shared_ptr<Wakeable>> all;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [key, stream] : open_) {
        if (auto alive = stream.lock()) all.push_back(std::move(alive));
      }
    }
    for (const auto& stream : all) stream->wake();
  }

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::unordered_map<const Wakeable*, std::weak_ptr<Wakeable>> open_;
};

}  // namespace offstage::api
