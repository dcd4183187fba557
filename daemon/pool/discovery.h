// SPDX-License-Identifier: Apache-2.0
//
// Finds Blenders: where they may lie, and what one says of itself when it is run. A broken one is listed with the reason, never fatal.
//
// What a run said is cached beside the proofs by path, size, mtime and inode of the file (of a Python: of its bpy, too), so that a second start runs no
// Blender.
//
// Thread: any; blocks for as long as the Blenders take (at most `run_patience` each, two at a time).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pool/catalog.h"
#include "pool/children.h"

namespace offstage::pool {

inline constexpr std::chrono::seconds run_patience{20};

struct Candidate {
  std::filesystem::path path;
  bool module = false;
};

/// Path, size, mtime and inode in one line; empty: there is no such file.
std::string identity(const std::filesystem::path& file);

/// Configured ones first, as they are (also missing ones: they are to be reported), then those that were found; each executable once, whatever links to it.
std::vector<Candidate> candidates(const CatalogOptions& options);
/// Runs it, with a folder below `keepers` for what it leaves, or reads the cache.
Blender look_at(const Candidate& candidate, Children& children, const std::filesystem::path& cache, const std::filesystem::path& keepers);
/// All of it: look at each, give unique names, the default first.
std::vector<Blender> discover(const CatalogOptions& options, Children& children, const std::filesystem::path& cache, const std::filesystem::path& keepers);
/// Names and order. Names are stable for an installation.
std::vector<Blender> arrange(std::vector<Blender> found, const std::string& preferred);

}  // namespace offstage::pool
