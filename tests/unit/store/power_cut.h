// SPDX-License-Identifier: Apache-2.0
//
// What a disk holds after a power cut, or after the death of a process alone: a replay of a trace of support/failing_vfs.h.
//
// A file has what the kernel remembers (`cached`, what the next process sees) and what is on the disk: what was synced, and of the rest any subset, in pieces
// of a sector, so that a page may be torn. A new or deleted name lasts when its folder was synced. After a failed sync the kernel has dropped what it owed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "support/failing_vfs.h"

namespace offstage::test {

using Files = std::map<std::string, std::string>;  // name → content

class PowerCut {
 public:
  void apply(const DiskOp& op);

  Files cached() const;                             ///< after the death of the process alone
  Files synced() const;                             ///< after a power cut: what was promised, and nothing more
  Files synced_and_some(std::uint64_t seed) const;  ///< after a power cut: and a random subset of the rest

 private:
  struct Inode {
    std::string cached, durable;
    std::vector<DiskOp> owed;  // writes and truncations since the last sync
  };
  struct Name {
    std::shared_ptr<Inode> cached, durable;  // null: it does not exist
  };
  std::map<std::string, Name> names_;

 public:
  PowerCut() = default;
  PowerCut(const PowerCut& other);  ///< the files of their own: histories branch
  PowerCut& operator=(const PowerCut&) = delete;
};

void put_files(const Files& files, const std::filesystem::path& folder);

}  // namespace offstage::test
