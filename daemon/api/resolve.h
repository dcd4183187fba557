// SPDX-License-Identifier: Apache-2.0
//
// Checks a spec against this machine, and makes of it what the core needs: the script read from its path, the scene's version, the Blender that will run it.
//
// One Resolver serves one request: what a batch asks again and again (selector, scene) is looked up once.
//
// Thread: any but the core strand. With needs_patience() it may block (files, the first search for Blenders): then not on gRPC's threads either.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "api/blend_header.h"
#include "api/validate.h"
#include "core/events.h"
#include "pool/catalog.h"
#include "store/blobs.h"

namespace offstage::api {

class Resolver {
 public:
  Resolver(const pool::Catalog& catalog, unsigned slots, store::Blobs& blobs);

  /// True if resolve() reads files or waits.
  bool needs_patience(const v1::JobSpec& spec) const;

  /// Of a validated spec; it becomes what is stored: text in place of the script's path, the scene's pin, a display name. The result has no id, hash, revision
  /// or times. Errors: SCRIPT_NOT_FOUND, SCRIPT_UNREADABLE, BLEND_NOT_FOUND, BLEND_UNREADABLE, BLOB_NOT_FOUND, BLENDER_TOO_OLD, BLENDER_NOT_FOUND,
  /// FORK_REFUSED, NOT_ENOUGH_SLOTS.
  Result<core::NewJob> resolve(v1::JobSpec& spec, const Where& where);
  /// The kind of worker that has the spec's scene open. Errors: those of resolve() for scene and environment; FORK_REFUSED whatever isolation is asked for.
  Result<core::Kind> warm_kind(v1::JobSpec& spec, const Where& where);

 private:
  Status pin_scene(v1::JobSpec& spec, const Where& where);
  Result<BlendFile> blend(const v1::Scene& scene);
  Result<BlendFile> read(const v1::Scene& scene) const;
  Result<pool::Blender> blender(const v1::JobSpec& spec);
  Result<pool::Blender> choose(const std::string& selector, const v1::Scene& scene);

  const pool::Catalog& catalog_;
  const unsigned slots_;
  store::Blobs& blobs_;
  std::shared_ptr<const pool::CatalogSnapshot> snapshot_;
  std::map<std::string, Result<BlendFile>> scenes_;
  std::map<std::pair<std::string, std::string>, Result<pool::Blender>> blenders_;  // by selector and scene
};

}  // namespace offstage::api
