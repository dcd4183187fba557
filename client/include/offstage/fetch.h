// SPDX-License-Identifier: Apache-2.0
//
// Bringing a job's result files into a folder of one's own.
//
// Each file is written aside as NAME.part and renamed once it is known to be what the job has left: under its own name it is whole or not there. From afar it
// is streamed and compared with its SHA-256, and what is in NAME.part of an earlier try is not sent again. Where the daemon runs on this machine its file is
// taken directly, sharing its blocks where the filesystem can (a reflink), copied otherwise. It is compared with its SHA-256 there, too, if anything could have
// changed it since it was hashed (its times or inode are others), or if `verify` asks for it.
//
// A file that is there already with the same content is left alone; one with other content is an error (FILES_DIFFER, before anything is written), unless
// `force`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <offstage/types.h>

namespace offstage::inline client {

struct FetchProgress {
  std::string file;  ///< that is being brought
  std::int64_t bytes = 0, total_bytes = 0;
  std::size_t files = 0, total_files = 0;
};

struct FetchOptions {
  std::string folder;  ///< is made if need be
  /// Which ones: "*.png" (of any folder), "frames/*.exr", "frames" (all that is in it). Empty: all but parts of the result's value and data-blocks.
  std::vector<std::string> patterns;
  bool force = false;                                     ///< replace what differs
  bool verify = false;                                    ///< compare contents also where nothing can have changed them but a fault of the disk
  std::function<void(const FetchProgress&)> on_progress;  ///< on the calling thread, often
};

struct FetchedFile {
  ResultFile file;
  std::string path;        ///< where it is now
  bool unchanged = false;  ///< it was there already
};

/// Is it one of those that the patterns mean?
bool matches(const std::string& name, const std::vector<std::string>& patterns);

}  // namespace offstage::inline client
