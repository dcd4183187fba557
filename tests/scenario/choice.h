// SPDX-License-Identifier: Apache-2.0
//
// Whatever a history leaves open is asked of a Choice: by chance from a seed, or one after the other until there is nothing left to choose.
//
// Both give the same on each machine (the standard's distributions do not).
#pragma once

#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/ids.h"

namespace offstage::scenario {

class Choice {
 public:
  virtual ~Choice() = default;
  virtual std::uint64_t below(std::uint64_t n) = 0;  ///< one of 0 … n-1
  virtual bool chance(unsigned percent) = 0;
  virtual std::uint64_t noise() = 0;  ///< never the same twice

  template <class IdType>
  IdType id() {
    IdType id;
    for (std::size_t half = 0; half < id.bytes.size(); half += 8) {
      std::uint64_t bits = noise();
      for (std::size_t byte = half; byte < half + 8; ++byte, bits >>= 8) id.bytes[byte] = static_cast<std::uint8_t>(bits);
    }
    return id;
  }
};

class Random : public Choice {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t n) override { return engine_() % n; }
  bool chance(unsigned percent) override { return below(100) < percent; }
  std::uint64_t noise() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

/// All ways through a tree of choices, depth first: replay from the root, follow the path, take the first branch where it ends; then next().
class Path : public Choice {
 public:
  std::uint64_t below(std::uint64_t n) override {
    if (n == 1 || calm_) return 0;
    if (at_ == branches_.size()) branches_.push_back({0, n});
    return branches_[at_++].taken;
  }
  bool chance(unsigned) override { return false; }  // what matters is an act of its own
  std::uint64_t noise() override { return ++noise_ * 0x9E3779B97F4A7C15U; }
  /// The branches taken, for a later replay: "0.2.1".
  std::string text() const {
    std::string text;
    for (const Branch& branch : branches_) text += (text.empty() ? "" : ".") + std::to_string(branch.taken);
    return text;
  }
  static Path from(const std::string& text) {
    Path path;
    std::istringstream words(text);
    for (std::string word; std::getline(words, word, '.');) path.branches_.push_back({std::stoull(word), 0});
    return path;
  }
  /// From here on always the first.
  void calm() { calm_ = true; }

  /// False: there was no other.
  bool next() {
    while (!branches_.empty() && branches_.back().taken + 1 == branches_.back().of) branches_.pop_back();
    at_ = 0;
    noise_ = 0;
    calm_ = false;
    if (branches_.empty()) return false;
    ++branches_.back().taken;
    return true;
  }

 private:
  struct Branch {
    std::uint64_t taken, of;
  };
  std::vector<Branch> branches_;
  std::size_t at_ = 0;
  std::uint64_t noise_ = 0;
  bool calm_ = false;
};

}  // namespace offstage::scenario
