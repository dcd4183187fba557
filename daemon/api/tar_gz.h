// SPDX-License-Identifier: Apache-2.0
//
// Small files, packed into a .tar.gz in memory. The format is the oldest part of ustar, which needs no library: a block of 512 bytes with name, size and
// checksum before each file's content, and two empty ones at the end. zlib compresses.
//
// Thread: any; pure.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace offstage::api {

struct PackedFile {
  std::string name;  ///< at most 99 bytes, "/" between folders
  std::string content;
};

std::string tar_gz(const std::vector<PackedFile>& files, Wall time);

}  // namespace offstage::api
