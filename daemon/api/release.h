// SPDX-License-Identifier: Apache-2.0
//
// Which warm scenes a ReleaseScene means: all of its path, whatever the file held when it was opened. What else the request says narrows that down.
//
// Thread: any but the core strand; reads the files that the environment names.
#pragma once

#include <functional>

#include "core/model.h"
#include "offstage/v1/blender_service.pb.h"
#include "pool/catalog.h"

namespace offstage::api {

/// Errors: BAD_SCENE, BAD_PATH, BAD_BLOB, those of validate_environment() and load_of(), BLENDER_NOT_FOUND.
Result<std::function<bool(const core::Kind&)>> scenes_meant(const v1::ReleaseSceneRequest& request, const pool::CatalogSnapshot& catalog);

}  // namespace offstage::api
