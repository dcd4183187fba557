// SPDX-License-Identifier: Apache-2.0
//
// The Blenders of this machine: executables, and Pythons that can `import bpy`. Broken ones are listed with the reason.
//
// Thread: any; readers get a snapshot.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "core/events.h"

namespace offstage::pool {

struct Version {
  int major = 0, minor = 0, patch = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
  std::string text() const;
};

struct Blender {
  std::string name;  ///< "3.4.1-blender": version, then what tells it from others of that version
  Version version;
  std::filesystem::path path;    ///< as found, symlinks not resolved (a venv's python is a link)
  bool module = false;           ///< a Python with bpy
  std::filesystem::path python;  ///< runs supervisors
  std::string build_hash;
  std::string error;  ///< not empty: cannot be used
  core::ForkProof proof = core::ForkProof::pending;
  std::string proof_reason;
  Wall proof_time{};
  double fork_cores = 0, cold_cores = 0;
};

struct CatalogOptions {
  std::vector<std::filesystem::path> configured;  ///< executables or Pythons
  std::string preferred;                          ///< selector of the default; empty: the newest executable that works, then the newest module
  bool search = true;                             ///< PATH and the usual folders, too
};

/// Immutable once published; `blenders`: the default first.
struct CatalogSnapshot {
  bool complete = false;  ///< the first search has ended
  std::vector<Blender> blenders;
};

class Catalog {
 public:
  virtual ~Catalog() = default;
  virtual std::shared_ptr<const CatalogSnapshot> snapshot() const = 0;
  /// Waits (at most `patience`) for the first search. Not on the core strand.
  virtual std::shared_ptr<const CatalogSnapshot> wait(Micros patience) const = 0;
};

/// The Blender that `selector` names ("", "4.5", ">=4.2,<5", a name, a path), at least as new as `at_least`. "" is the default, or, where `at_least` is given,
/// the smallest release that is as new. Errors: BLENDER_NOT_FOUND, BLENDER_TOO_OLD.
Result<Blender> select(const CatalogSnapshot& catalog, const std::string& selector, Version at_least = {});

}  // namespace offstage::pool
